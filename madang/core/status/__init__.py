"""Status of credentials: Token Status List, Bitstring Status List, and who gets which place."""

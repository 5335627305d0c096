"""Status of credentials: Token Status List."""

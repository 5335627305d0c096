"""What a contract has stored, proved against the root of a chain's state."""

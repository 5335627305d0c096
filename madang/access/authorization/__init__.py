"""The authorization server: it knows clients, keys and codes, and neither offers nor persons."""

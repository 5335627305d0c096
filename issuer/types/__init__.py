"""Certificate types for readers: type metadata, and the list for the counter."""

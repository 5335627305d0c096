"""RFC 6962 trees, tiles, checkpoints, log entries and proofs."""

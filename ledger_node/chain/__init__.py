"""The chain under the log: an embedded engine for a first run, or any JSON-RPC address."""

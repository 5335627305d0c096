"""Entries in, checkpoints out: the one writer of each log."""

"""Credential formats, independent of one another."""

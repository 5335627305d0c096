"""Looks through what cannot be taken back for anything that is about a person."""

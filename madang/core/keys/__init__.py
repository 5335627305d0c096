"""Algorithms, JWKs, and signing and checking as protocols."""

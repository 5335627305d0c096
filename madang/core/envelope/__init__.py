"""Signed and encrypted envelopes: JWS and JWE."""

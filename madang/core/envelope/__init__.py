"""Signed and encrypted envelopes: JWS, JWE, COSE and CWT."""

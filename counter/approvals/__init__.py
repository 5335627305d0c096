"""Certificates that a clerk has to approve before the issuer issues them."""

"""Issuer service: certificates, offers, status lists, sources of claims."""

"""Registers: where the claims of certificates come from, behind one port."""

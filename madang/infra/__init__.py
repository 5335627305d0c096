"""Adapters to the outside: database, keys, HTTP, chain, clock, ids, web."""

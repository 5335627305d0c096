"""Decentralized Identifiers: did:web, did:jwk, did:key and did:ethr as documents with keys."""

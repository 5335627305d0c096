"""OpenID for Verifiable Credential Issuance 1.0: offers, metadata, proofs, credentials."""

"""Bytes and text: base64url, strict JSON, canonical JSON (RFC 8785), CBOR (RFC 8949)."""

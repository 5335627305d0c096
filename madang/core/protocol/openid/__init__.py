"""OpenID Connect as a relying party needs it: discovery, one code flow, the ID token."""

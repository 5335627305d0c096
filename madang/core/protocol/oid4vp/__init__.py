"""OpenID for Verifiable Presentations 1.0: requests, answers, verification."""

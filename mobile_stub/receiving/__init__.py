"""Receive certificates: OpenID4VCI 1.0 from the wallet's side."""

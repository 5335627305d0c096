"""Presenting: OpenID4VP 1.0 from the wallet's side, with the person's consent."""

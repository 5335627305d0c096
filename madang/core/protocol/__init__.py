"""Typed messages and checks of OAuth, OpenID4VCI, OpenID4VP and DCQL."""

"""The one error of this package."""


class EnvelopeError(ValueError):
    """A JWS or JWE is malformed or not of a kind that is accepted; the message says why."""

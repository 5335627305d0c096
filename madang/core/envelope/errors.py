"""The one error of this package."""


class EnvelopeError(ValueError):
    """A JWS, JWE, COSE message or CWT is malformed or of a kind that is not accepted."""

"""The one error of this package."""


class EncodingError(ValueError):
    """Text or bytes are not in the encoding they should be in; the message says where."""

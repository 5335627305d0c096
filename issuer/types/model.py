"""What can be wrong about a type that is asked for."""


class NoSuchType(LookupError):  # noqa: N818 - a state of the catalogue
    """No certificate type of this name and version is described here."""

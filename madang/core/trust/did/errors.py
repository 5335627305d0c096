"""The one error of this package."""


class DidError(ValueError):
    """A DID, its document, or the use of one of its keys is refused.

    Attributes:
        code: fixed word for the reason.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code

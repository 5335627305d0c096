"""The errors of status lists, one family for each specification."""


class StatusError(ValueError):
    """A Token Status List cannot be relied upon; whoever asked it refuses.

    Attributes:
        code: fixed word for the reason.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class BitstringError(ValueError):
    """A Bitstring Status List cannot be relied upon; whoever asked it refuses.

    Attributes:
        code: word of the specification (section 3.5), or of the data model's errors.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code

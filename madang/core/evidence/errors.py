"""The one error of what an evidence file or a trust file is made of."""


class EvidenceError(ValueError):
    """Bytes or values that are no evidence, or a proof that does not lead to its root.

    Attributes:
        code: the region at fault, a fixed word.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

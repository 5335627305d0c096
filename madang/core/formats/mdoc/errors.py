"""The error of this format."""


class MdocError(ValueError):
    """An mdoc is malformed or breaks a rule of ISO/IEC 18013-5.

    Attributes:
        code: fixed word for the rule.
        clause: section of the specification.
    """

    def __init__(self, code: str, clause: str, detail: str) -> None:
        super().__init__(f"{detail} ({clause})")
        self.code = code
        self.clause = clause
        self.detail = detail

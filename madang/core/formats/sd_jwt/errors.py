"""The error of this format."""


class SdJwtError(ValueError):
    """An SD-JWT is malformed or breaks a rule of RFC 9901.

    Attributes:
        code: fixed word for the rule.
        clause: section of the specification.
    """

    def __init__(self, code: str, clause: str, detail: str) -> None:
        super().__init__(f"{detail} ({clause})")
        self.code = code
        self.clause = clause
        self.detail = detail

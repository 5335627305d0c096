"""The error family of OpenID Connect."""


class OpenIdError(ValueError):
    """What an OpenID provider sent is not what it has to be.

    Attributes:
        code: fixed word for the reason.
        detail: what came and what was expected; no personal data.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail

"""What the wallet tells its person when something cannot be done."""


class WalletError(RuntimeError):
    """Something cannot be done.

    Attributes:
        code: fixed word, such as "invalid_grant" or "not_a_known_link".
        detail: what came, what was expected, what to do.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail

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


class RequestRefusedError(WalletError):
    """A verifier's request is not one that may be shown to the person.

    Attributes:
        told: error code that the verifier may be told: a page by whoever called, others were told;
            None where nobody was authenticated, who then hears nothing.
    """

    def __init__(self, code: str, detail: str, told: str | None) -> None:
        super().__init__(code, detail)
        self.told = told

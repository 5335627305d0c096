"""The error of a query that cannot be read."""


class DcqlError(ValueError):
    """A query breaks OpenID4VP 1.0 section 6.

    Attributes:
        code: what a wallet answers (section 8.5).
    """

    code = "invalid_request"

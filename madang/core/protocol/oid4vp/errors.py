"""The error family of OpenID4VP 1.0."""

from dataclasses import dataclass
from enum import StrEnum

from madang.core.protocol.message import Refusal


class VpCode(StrEnum):
    """Error codes on the wire (section 8.5)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_SCOPE = "invalid_scope"
    INVALID_CLIENT = "invalid_client"
    ACCESS_DENIED = "access_denied"
    VP_FORMATS_NOT_SUPPORTED = "vp_formats_not_supported"
    INVALID_REQUEST_URI_METHOD = "invalid_request_uri_method"
    INVALID_TRANSACTION_DATA = "invalid_transaction_data"
    WALLET_UNAVAILABLE = "wallet_unavailable"


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where a wallet may send an error answer: only that of an authenticated request."""

    response_uri: str
    state: str | None


class VpError(ValueError):
    """A request, an answer or a presentation result breaks OpenID4VP 1.0.

    Attributes:
        code: wire code (section 8.5).
        reason: fixed word for the journal and the agency, finer than the code.
        clause: the section that states the requirement.
        detail: what came, what was expected; no personal data.
        reply_to: where the wallet may report this, or None: then it sends nothing.
    """

    def __init__(
        self,
        code: VpCode,
        reason: str,
        clause: str,
        detail: str,
        reply_to: ReplyAddress | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail} ({clause})")
        self.code = code
        self.reason = reason
        self.clause = clause
        self.detail = detail
        self.reply_to = reply_to

    def replying_to(self, address: ReplyAddress | None) -> "VpError":
        """Return the same error for a request that was authenticated."""
        return VpError(self.code, self.reason, self.clause, self.detail, address)


def refusing(reason: str, section: str, code: VpCode = VpCode.INVALID_REQUEST) -> Refusal:
    """Return a maker of errors for one requirement."""
    clause = f"OpenID4VP 1.0 section {section}"
    return lambda detail: VpError(code, reason, clause, detail)

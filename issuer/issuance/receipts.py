"""Which receipts a wallet may have: those of copies that are bound to the key it proves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from issuer.issuance.model import denied
from issuer.issuance.nonce import Nonces, UsedNonces
from issuer.work import Work
from madang.core.protocol.oid4vci.receipt_request import CheckedReceiptRequest
from madang.infra.receipts import Logged


class HeldCopies(Protocol):
    """Knows which copies are bound to a key."""

    def held(self, tenant: str, holder: str, digests: Sequence[bytes]) -> set[bytes]:
        """Return which of the copies are bound to a holder key."""
        ...


class LoggedCopies(Protocol):
    """Knows which copies stand in the log."""

    def logged(self, tenant: str, digests: Sequence[bytes]) -> list[Logged]:
        """Return those of the copies that have an index in the log."""
        ...


@dataclass(frozen=True, slots=True)
class Drawer:
    """The stores of one transaction, and what uses nonces up."""

    nonces: Nonces
    used: UsedNonces
    held: HeldCopies
    logged: LoggedCopies


def logged_copies(
    work: Work, drawer: Drawer, request: CheckedReceiptRequest, digests: Sequence[bytes]
) -> list[Logged]:
    """Use the request's nonce up and return its copies that have an index in the log.

    Raises:
        CredentialError: invalid_nonce, or credential_request_denied when any of the copies is
            not bound to the proved key.
    """
    drawer.nonces.consume(work, drawer.used, request.nonce)
    held = drawer.held.held(work.tenant, request.key.thumbprint(), digests)
    if held != {*digests}:
        raise denied("a certificate is not one that was issued to this key")
    return drawer.logged.logged(work.tenant, digests)

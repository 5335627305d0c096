"""What a wallet knows and wants of a request, before anybody asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.protocol.oid4vp.known_clients import KnownClients
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes

FORMATS: Final = (SD_JWT_VC, MSO_MDOC)


@dataclass(frozen=True, slots=True)
class WalletPolicy:
    """What a wallet holds a request against.

    Attributes:
        anchors: DER roots of verifiers.
        now: seconds since 1970.
        max_skew: seconds the verifier's clock may be off.
        wallet_nonce: what the wallet sent with a POST, or None.
        allow_loopback_http: for development: answers may go to http on this machine.
        clients: pre-registered ones, and attesters.
        did_documents: what was fetched at `did_location`, by that address.
        unsigned: whether a request may come that nobody signed.
        named: whether a DID may ask that nobody vouches for.
        any_signature: whether one good signature of several is enough; otherwise one that does
            not hold spoils the request.
        transaction_types: what can be authorized.
        scopes: the queries that scopes stand for, as JSON objects.
        formats: credential formats that can be presented.
    """

    anchors: Sequence[bytes]
    now: int
    max_skew: int = 60
    wallet_nonce: str | None = None
    allow_loopback_http: bool = False
    clients: KnownClients = field(default_factory=KnownClients)
    did_documents: Mapping[str, bytes] = field(default_factory=dict)
    unsigned: bool = False
    named: bool = False
    any_signature: bool = False
    transaction_types: TransactionTypes = field(default_factory=dict)
    scopes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    formats: Sequence[str] = FORMATS

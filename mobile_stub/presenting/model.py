"""What passes between the steps of presenting."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from madang.core.protocol.oid4vp.client_authentication import Standing
from madang.core.protocol.oid4vp.client_id import Prefix
from madang.core.protocol.oid4vp.known_clients import KnownClients
from madang.core.protocol.oid4vp.request_check import VerifiedRequest
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes
from madang.core.protocol.oid4vp.verifier_info import Registration

REGISTERED: Final = "registered"
"""Standing of a verifier whose purpose the registry has; others stand as `Standing` says."""

Choices: TypeAlias = Mapping[str, Sequence[str]]
"""Which copies to show, by credential query; none of a query that is left out."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came, kept until the person has decided.

    Attributes:
        client_id: as in the link; empty with the Digital Credentials API.
        compact: the request object; empty where there is none.
        members: the parameters of a plain request, or what a page gave the API.
        origin: of the page; None for a link.
        wallet_nonce: what was sent with a POST.
        did_documents: texts that were fetched, by their addresses.
    """

    client_id: str = ""
    compact: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)
    origin: str | None = None
    wallet_nonce: str | None = None
    did_documents: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Trust:
    """What counts besides the registry, and what the person's policy lets pass.

    Attributes:
        anchors: DER roots of verifiers that no registry knows.
        clients: those known beforehand.
        transaction_types: what can be authorized.
        unsigned: whether a request may come that nobody signed.
        named: whether a DID may ask that nobody vouches for.
        any_signature: whether one good signature of several is enough.
        reuse: whether a copy may be shown to several verifiers when no fresh one is left.
        scopes: the queries that scopes stand for.
        encrypted: whether requests that are fetched by POST have to come encrypted ("required"),
            may ("preferred"), or are not asked to ("off").
    """

    anchors: tuple[bytes, ...] = ()
    clients: KnownClients = field(default_factory=KnownClients)
    transaction_types: TransactionTypes = field(default_factory=dict)
    unsigned: bool = False
    named: bool = False
    any_signature: bool = False
    reuse: bool = False
    scopes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    encrypted: Literal["required", "preferred", "off"] = "preferred"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a verifier asks, and the use that it is registered for, if it is."""

    verified: VerifiedRequest
    use: Registration | None

    @property
    def standing(self) -> str:
        """Return what is known of the verifier, in a word."""
        return REGISTERED if self.use is not None else str(self.verified.client.standing)

    @property
    def verifier(self) -> str:
        """Return what the person is told of who asks."""
        client = self.verified.client
        if self.use is not None:
            return self.use.verifier
        if client.known is not None and client.known.client_name is not None:
            return client.known.client_name
        return client.id

    @property
    def pseudonym(self) -> str:
        """Return by what the wallet knows this verifier again.

        The address of a client that signs nothing is new each time; its host is not.
        """
        client = self.verified.client
        if client.named is None or client.named.prefix is not Prefix.REDIRECT_URI:
            return client.id
        parts = urlsplit(client.named.value)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def anonymous(self) -> bool:
        """Tell whether nobody signed; then nothing is told but an answer."""
        return self.verified.client.standing is Standing.UNSIGNED


@dataclass(frozen=True, slots=True)
class Decision:
    """What the person decided.

    Attributes:
        agree: whether anything is shown.
        choices: which copies, and what is left out; nothing said of a query means the first.
    """

    agree: bool
    choices: Choices = field(default_factory=dict)


Consent: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[Decision]]
"""Asks the person, who sees the preview."""


async def willing(preview: Mapping[str, Any]) -> Decision:
    """Agree to whatever is possible: for test tools alone."""
    return Decision(bool(preview["possible"]))

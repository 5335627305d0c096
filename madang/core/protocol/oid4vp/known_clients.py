"""Verifiers that a wallet knows beforehand, and who may attest others (sections 5.9.2 and 12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, read_json
from madang.core.protocol.oid4vp.errors import refusing
from madang.core.protocol.oid4vp.request import ClientMetadata, Jwks


class KnownClient(Message):
    """A pre-registered client, by the names of RFC 7591 section 2.

    Attributes:
        client_id: the identifier, with or without a prefix.
        client_name: what the person is told.
        jwks: keys that sign its requests; without any its requests may come unsigned.
        redirect_uris: where answers may go; required where nothing is signed.
        client_metadata: what it would otherwise say in each request, and then must not.
    """

    client_id: str
    client_name: str | None = None
    jwks: Jwks | None = None
    redirect_uris: Array[str] = ()
    client_metadata: ClientMetadata | None = None

    @model_validator(mode="after")
    def _identified(self) -> Self:
        if self.jwks is None and ":" not in self.client_id and not self.redirect_uris:
            raise ValueError("should have jwks, or redirect_uris for requests that nobody signs")
        return self


class _Attester(Message):
    iss: Annotated[str, Field(min_length=1)]
    jwk: dict[str, JsonValue]


class _File(Message):
    clients: Array[KnownClient] = ()
    attesters: Array[_Attester] = ()


@dataclass(frozen=True, slots=True)
class KnownClients:
    """What the file of clients says.

    Attributes:
        clients: by their identifiers.
        attesters: the keys of those whose verifier attestations count, by `iss`.
    """

    clients: Mapping[str, KnownClient] = field(default_factory=dict)
    attesters: Mapping[str, PublicKey] = field(default_factory=dict)


def parse_known_clients(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> KnownClients:
    """Read the file of clients: ``{"clients": [..], "attesters": [{"iss", "jwk"}]}``.

    Raises:
        VpError: ``known_clients``, naming the place.
    """
    refuse = refusing("known_clients", "5.9.2")
    found = read_json(_File, data, limits, refuse)
    try:
        for client in found.clients:
            keys_of(client.jwks)
        attesters = {each.iss: PublicKey.from_jwk(each.jwk) for each in found.attesters}
    except KeyFormatError as error:
        raise refuse(str(error)) from None
    return KnownClients({each.client_id: each for each in found.clients}, attesters)


def keys_of(jwks: Jwks | None) -> tuple[PublicKey, ...]:
    """Return the keys of a set; KeyFormatError if one is none that is used here."""
    return () if jwks is None else tuple(PublicKey.from_jwk(key) for key in jwks.keys)

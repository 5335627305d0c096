"""A federation in memory: an anchor, whoever is below it, and all that they publish."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.core.protocol.openid.entity_statement import TYPE
from madang.core.protocol.openid.federation import (
    Anchors,
    Fetching,
    TrustPath,
    configuration_at,
    follow,
)
from madang.core.protocol.openid.jwks import read_jwks

NOW = 1_800_000_000
ANCHOR, MIDDLE, ISSUER = "https://anchor.example", "https://middle.example", "https://mapo.example"


def jwks(*signers: Signer) -> dict[str, Any]:
    return {"keys": [{**each.public_key.to_jwk(), "kid": each.key_id} for each in signers]}


@dataclass
class Realm:
    """Every entity has one key, named like it; `published` is what is at which address."""

    now: int = NOW
    keys: dict[str, Signer] = field(default_factory=dict)
    published: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def key(self, entity: str) -> Signer:
        return self.keys.setdefault(entity, generate_p256(entity))

    def statement(
        self,
        issuer: str,
        subject: str,
        *,
        signer: Signer | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Sign what one says of another; a claim that is ... is left out."""
        known = {
            "iss": issuer,
            "sub": subject,
            "iat": self.now - 10,
            "exp": self.now + 1000,
            "jwks": jwks(self.key(subject)),
        }
        claims = {name: each for name, each in {**known, **changes}.items() if each is not ...}
        by = signer or self.key(issuer)
        said = {"typ": TYPE, "kid": by.key_id, **(header or {})}
        return jws.sign(strict_json.dumps(claims).encode(), said, by)

    def configuration(self, entity: str, *superiors: str, **changes: Any) -> str:
        """Return what an entity says of itself."""
        own: dict[str, Any] = {"authority_hints": [*superiors]} if superiors else {}
        metadata = {
            "federation_entity": {"federation_fetch_endpoint": f"{entity}/fetch"},
            "openid_credential_issuer": {"credential_issuer": entity},
        }
        return self.statement(entity, entity, **{**own, "metadata": metadata, **changes})

    def publish(self, entity: str, *superiors: str, **changes: Any) -> None:
        """Publish an entity, and what each superior says of it."""
        own = self.configuration(entity, *superiors, **changes)
        self.published[configuration_at(entity)] = own.encode()
        for superior in superiors:
            self.tell(superior, entity)

    def tell(self, superior: str, entity: str, **changes: Any) -> None:
        """Publish what a superior says of an entity."""
        address = f"{superior}/fetch?sub={quote(entity, safe='')}"
        self.published[address] = self.statement(superior, entity, **changes).encode()

    def chain(self, *entities: str, whole: bool = False) -> list[str]:
        """Return the chain from the first to the last; `whole` with the last's configuration."""
        below, above = entities[:-1], entities[1:]
        first = self.configuration(entities[0], *above[:1])
        told = [self.statement(b, a) for a, b in zip(below, above, strict=True)]
        return [first, *told, *([self.configuration(entities[-1])] if whole else [])]

    def anchors(self, *entities: str) -> Anchors:
        return {each: read_jwks(jwks(self.key(each))) for each in entities or (ANCHOR,)}

    def answer(self, fetching: Fetching) -> TrustPath:
        """Go where a search wants to, and return what it found."""

        async def fetch(address: str) -> bytes | None:
            self.asked.append(address)
            return self.published.get(address)

        return asyncio.run(follow(fetching, fetch))


def realm_of(*entities: str, now: int = NOW) -> Realm:
    """Return a federation of a line of entities, each below the next."""
    realm = Realm(now)
    line: Sequence[str] = entities or (ISSUER, MIDDLE, ANCHOR)
    for at, entity in enumerate(line):
        realm.publish(entity, *line[at + 1 : at + 2])
    return realm

"""What trusted authorities of a query are held against besides `aki` (OpenID4VP 1.0, 6.1.1)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from madang.core.protocol.dcql.authority import OPENID_FEDERATION
from madang.core.protocol.dcql.model import CredentialQuery
from madang.core.protocol.openid.federation import Federation

NOTHING: Final[Mapping[str, frozenset[str]]] = {}


@dataclass(frozen=True, slots=True)
class Authorities:
    """What is known of issuers besides their certificates.

    Attributes:
        federation: which of them are below which entities.
    """

    federation: Federation = field(default_factory=Federation)

    def of(
        self, types: Collection[str], issuer: str | None, trust_chain: object, *, now: int
    ) -> Mapping[str, frozenset[str]]:
        """Return the values that an issuer matches, by type of authority.

        Args:
            types: those that are asked for; others are not looked at.
            issuer: whose identity is proven; None for nobody.
            trust_chain: what the credential's header has under that name.
            now: seconds since 1970.
        """
        if OPENID_FEDERATION not in types:
            return NOTHING
        return {OPENID_FEDERATION: self.federation.above(issuer, trust_chain, now=now)}


def authority_types(queries: Iterable[CredentialQuery]) -> frozenset[str]:
    """Return the types of authorities that these queries name."""
    return frozenset(entry.type for query in queries for entry in query.trusted_authorities or ())

"""What trusted authorities of a query are held against besides `aki` (OpenID4VP 1.0, 6.1.1)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.protocol.dcql.authority import AKI, ETSI_TL, OPENID_FEDERATION
from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.model import CredentialQuery, DcqlQuery, TrustedAuthority
from madang.core.protocol.openid.federation import Federation
from madang.core.trust import x509
from madang.core.trust.x509 import ChainError

FORMATS: Final = (SD_JWT_VC, MSO_MDOC)
"""Formats that are verified here."""


@dataclass(frozen=True, slots=True)
class Authorities:
    """What is known of issuers besides their certificates.

    Attributes:
        federation: which of them are below which entities.
        lists: DER of the certificates on each trusted list, by the list's address.
    """

    federation: Federation = field(default_factory=Federation)
    lists: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)

    def placed(self, federation: Federation) -> "Authorities":
        """Return the same with issuers looked up."""
        return replace(self, federation=federation)

    def of(
        self,
        types: Collection[str],
        issuer: str | None,
        chain: Sequence[bytes],
        trust_chain: object,
        *,
        now: int,
    ) -> Mapping[str, frozenset[str]]:
        """Return the values that an issuer matches, by type of authority.

        Args:
            types: those that are asked for; others are not looked at.
            issuer: whose identity is proven; None for nobody.
            chain: its certificates in DER.
            trust_chain: what the credential's header has under that name.
            now: seconds since 1970.
        """
        found = {}
        if OPENID_FEDERATION in types:
            found[OPENID_FEDERATION] = self.federation.above(issuer, trust_chain, now=now)
        if ETSI_TL in types and issuer is not None:
            listed = (name for name, each in self.lists.items() if _on(each, chain, now=now))
            found[ETSI_TL] = frozenset(listed)
        return found

    def could_match(self, entry: TrustedAuthority) -> bool:
        """Tell whether any credential could match an entry of a query."""
        if entry.type == ETSI_TL:
            return not self.lists.keys().isdisjoint(entry.values)
        if entry.type == OPENID_FEDERATION:
            return bool(self.federation.anchors)
        return entry.type == AKI


def _on(listed: tuple[bytes, ...], chain: Sequence[bytes], *, now: int) -> bool:
    """Tell whether a certificate of a chain, or what it leads to, is on a list."""
    if not set(listed).isdisjoint(chain):
        return True
    try:
        x509.validate(chain, listed, now=now)
    except ChainError:
        return False
    return True


def authority_types(queries: Iterable[CredentialQuery]) -> frozenset[str]:
    """Return the types of authorities that these queries name."""
    return frozenset(entry.type for query in queries for entry in query.trusted_authorities or ())


def refuse_unanswerable(query: DcqlQuery, authorities: Authorities) -> None:
    """Refuse a query of our own that asks for what would be refused when it came; DcqlError."""
    for each in query.credentials:
        if each.format not in FORMATS:
            told = f"{each.format} is not verified here; ask for {' or '.join(FORMATS)}"
            raise DcqlError(f"the credential query {each.id!r}: {told}")
        entries = each.trusted_authorities or ()
        if entries and not any(map(authorities.could_match, entries)):
            told = f"no settings for trusted authorities of the type {entries[0].type}"
            raise DcqlError(f"the credential query {each.id!r}: {told}, or not for these")

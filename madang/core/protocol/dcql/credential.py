"""A credential as DCQL sees it, and whether it fits one credential query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.formats.mdoc.as_json import as_json
from madang.core.protocol.dcql.authority import AKI, KNOWN, chain_authorities
from madang.core.protocol.dcql.model import ClaimsQuery, CredentialQuery
from madang.core.protocol.dcql.path import ClaimsPath, Positions, locate, show


@dataclass(frozen=True, slots=True)
class Credential:
    """What a query can be held against.

    Attributes:
        format: credential format identifier.
        types: its ``vct`` and every type that one extends; its ``docType``; its ``type`` values.
        claims: the claims it can disclose (wallet) or has disclosed (verifier), as JSON; of an
            mdoc by namespace and element.
        holder_bound: whether possession of the holder key can be, or was, proved.
        chain: the issuer's certificates in DER; looked at only where a query asks for authorities.
        positions: of arrays of which only a part was disclosed.
        authorities: the values that its issuer matches, by type of authority; `aki` is told from
            the chain.
    """

    format: str
    types: frozenset[str]
    claims: Mapping[str, object]
    holder_bound: bool
    chain: tuple[bytes, ...] = ()
    positions: Positions = field(default_factory=dict)
    authorities: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of_mdoc(
        cls,
        doc_type: str,
        elements: Mapping[str, Mapping[str, Any]],
        *,
        holder_bound: bool = True,
        chain: tuple[bytes, ...] = (),
        authorities: Mapping[str, frozenset[str]] | None = None,
    ) -> "Credential":
        """Return what a query sees of an mdoc: its values converted to JSON (section 6.3)."""
        claims = {
            name_space: {name: as_json(value) for name, value in values.items()}
            for name_space, values in elements.items()
        }
        return cls(
            MSO_MDOC,
            frozenset({doc_type}),
            claims,
            holder_bound,
            chain,
            authorities=authorities or {},
        )


class MisfitCode(StrEnum):
    """Why a credential does not fit a credential query."""

    FORMAT = "wrong_format"
    TYPE = "wrong_type"
    HOLDER_BINDING = "holder_binding_missing"
    AUTHORITY = "authority_not_accepted"
    CLAIM = "claim_missing"
    VALUE = "value_not_accepted"


_CLAUSES = {
    MisfitCode.FORMAT: "OpenID4VP 1.0 section 6.1",
    MisfitCode.TYPE: "OpenID4VP 1.0 appendix B",
    MisfitCode.HOLDER_BINDING: "OpenID4VP 1.0 section 5.3",
    MisfitCode.AUTHORITY: "OpenID4VP 1.0 section 6.1.1",
    MisfitCode.CLAIM: "OpenID4VP 1.0 section 6.4.1",
    MisfitCode.VALUE: "OpenID4VP 1.0 section 6.3",
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """One reason, with its clause; the detail names paths and types, never claim values."""

    code: MisfitCode
    detail: str

    @property
    def clause(self) -> str:
        """The section that states the requirement."""
        return _CLAUSES[self.code]


@dataclass(frozen=True, slots=True)
class Fit:
    """The outcome of holding a credential against a query.

    Attributes:
        paths: the claims that answer the query, and no more; meaningful without misfits only.
        misfits: every reason against it; empty when it fits.
        places: where exactly in the credential's claims those stand.
    """

    paths: tuple[ClaimsPath, ...]
    misfits: tuple[Misfit, ...]
    places: tuple[ClaimsPath, ...] = ()


def fit(query: CredentialQuery, credential: Credential) -> Fit:
    """Hold a credential against a credential query (sections 6.1 and 6.4.1)."""
    misfits = _attribute_misfits(query, credential)
    claims = _fit_claims(query, credential)
    return Fit(claims.paths, (*misfits, *claims.misfits), claims.places)


def _attribute_misfits(query: CredentialQuery, credential: Credential) -> list[Misfit]:
    found = []
    if credential.format != query.format:
        found.append(
            Misfit(MisfitCode.FORMAT, f"asked for {query.format}, got {credential.format}")
        )
    wanted = _wanted_types(query)
    if wanted and not any(credential.types.issuperset(types) for types in wanted):
        came = ", ".join(sorted(credential.types)) or "none"
        asked = ", or ".join(" + ".join(types) for types in wanted)
        found.append(Misfit(MisfitCode.TYPE, f"asked for {asked}, got {came}"))
    if query.require_cryptographic_holder_binding and not credential.holder_bound:
        found.append(Misfit(MisfitCode.HOLDER_BINDING, "a proof of the holder key is required"))
    found += _authority_misfits(query, credential)
    return found


def _wanted_types(query: CredentialQuery) -> tuple[tuple[str, ...], ...]:
    """Return the sets of types one of which a credential must have; none for any type."""
    meta = query.meta
    if query.format == SD_JWT_VC:
        return tuple((vct,) for vct in meta.vct_values or ())
    if query.format == MSO_MDOC:
        return () if meta.doctype_value is None else ((meta.doctype_value,),)
    return meta.type_values or ()


def _authority_misfits(query: CredentialQuery, credential: Credential) -> Iterable[Misfit]:
    """Hold the issuer against ``trusted_authorities``; one match is enough.

    Types that are not evaluated match nothing, and that is said.
    """
    if query.trusted_authorities is None:
        return
    matched = {**credential.authorities, AKI: chain_authorities(credential.chain)}
    for entry in query.trusted_authorities:
        if not matched.get(entry.type, frozenset()).isdisjoint(entry.values):
            return
    others = sorted({entry.type for entry in query.trusted_authorities} - KNOWN)
    told = f"; {', '.join(others)} cannot be matched here" if others else ""
    detail = f"no trusted authority of the query certified the issuer{told}"
    yield Misfit(MisfitCode.AUTHORITY, detail)


def _fit_claims(query: CredentialQuery, credential: Credential) -> Fit:
    wanted = query.claims or ()
    outcomes = [_fit_claim(claim, credential) for claim in wanted]
    if query.claim_sets is None:
        return _join(outcomes)
    by_id = {claim.id: outcome for claim, outcome in zip(wanted, outcomes, strict=True)}
    tried = [_join([by_id[name] for name in claim_set]) for claim_set in query.claim_sets]
    return next((outcome for outcome in tried if not outcome.misfits), tried[0])


def _join(outcomes: list[Fit]) -> Fit:
    paths = dict.fromkeys(path for outcome in outcomes for path in outcome.paths)
    misfits = dict.fromkeys(misfit for outcome in outcomes for misfit in outcome.misfits)
    places = dict.fromkeys(place for outcome in outcomes for place in outcome.places)
    return Fit(tuple(paths), tuple(misfits), tuple(places))


def _fit_claim(claim: ClaimsQuery, credential: Credential) -> Fit:
    found = locate(credential.claims, claim.path, credential.positions)
    if not found:
        return Fit((), (Misfit(MisfitCode.CLAIM, f"no claim at {show(claim.path)}"),))
    if claim.values is None:
        return Fit((claim.path,), (), tuple(place for place, _ in found))
    allowed = {(type(value), value) for value in claim.values}
    matching = tuple(path for path, value in found if _scalar_in(value, allowed))
    if not matching:
        detail = f"the value at {show(claim.path)} is none of those asked for"
        return Fit((), (Misfit(MisfitCode.VALUE, detail),))
    return Fit(matching if None in claim.path else (claim.path,), (), matching)


def _scalar_in(value: object, allowed: set[tuple[type, str | int | bool]]) -> bool:
    return isinstance(value, str | int | bool) and (type(value), value) in allowed

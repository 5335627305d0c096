"""The DCQL query (OpenID4VP 1.0 section 6)."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Annotated, Final, Self, TypeAlias

from pydantic import Field, PlainValidator, model_validator

from madang.core.formats.identifiers import LDP_VC, MSO_MDOC, SD_JWT_VC
from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.path import show
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, kind, read

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


def _component(value: object) -> str | int | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("should be a string, a non-negative integer or null")


def _scalar(value: object) -> str | int | bool:
    if isinstance(value, str | int | bool):
        return value
    raise ValueError("should be a string, an integer or a boolean")


PathComponent: TypeAlias = Annotated[str | int | None, PlainValidator(_component)]
Scalar: TypeAlias = Annotated[str | int | bool, PlainValidator(_scalar)]


def _refuse_repeats(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"has the {what} {name!r} more than once; each must be unique")
        seen.add(name)


def _refuse_unknown(names: Iterable[str], known: Iterable[str], what: str) -> None:
    for name in sorted(set(names) - set(known)):
        raise ValueError(f"refers to {name!r}, which is no {what} of this query")


_MDOC_PATH: Final = 2


class ClaimsQuery(Message):
    """One requested claim (section 6.3).

    Attributes:
        values: what the wallet should hold it against; a verifier must not rely on that.
        intent_to_retain: of an mdoc: whether the verifier keeps it (appendix B.2.4).
    """

    path: Annotated[Array[PathComponent], Field(min_length=1)]
    id: Identifier | None = None
    values: Annotated[Array[Scalar], Field(min_length=1)] | None = None
    intent_to_retain: bool | None = None


class TrustedAuthority(Message):
    """Who must have certified the issuer (section 6.1.1), for instance by ``aki``."""

    type: str
    values: Annotated[Array[str], Field(min_length=1)]


class Meta(Message):
    """Constraints on the type, one member for each format.

    Attributes:
        vct_values: of SD-JWT VC (appendix B.3.5).
        doctype_value: of mdoc (appendix B.2.3).
        type_values: of W3C credentials; each inner array is one alternative (appendix B.1.1).
    """

    vct_values: Annotated[Array[str], Field(min_length=1)] | None = None
    doctype_value: str | None = None
    type_values: (
        Annotated[Array[Annotated[Array[str], Field(min_length=1)]], Field(min_length=1)] | None
    ) = None


_NEEDED: Final = MappingProxyType(
    {SD_JWT_VC: "vct_values", MSO_MDOC: "doctype_value", LDP_VC: "type_values"}
)
"""The member of ``meta`` that each format requires."""


class CredentialQuery(Message):
    """One requested credential (section 6.1)."""

    id: Identifier
    format: str
    meta: Meta
    multiple: bool = False
    trusted_authorities: Annotated[Array[TrustedAuthority], Field(min_length=1)] | None = None
    require_cryptographic_holder_binding: bool = True
    claims: Annotated[Array[ClaimsQuery], Field(min_length=1)] | None = None
    claim_sets: Annotated[Array[Array[Identifier]], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        needed = _NEEDED.get(self.format)
        if needed is not None and getattr(self.meta, needed) is None:
            raise ValueError(f"meta must have {needed} for the format {self.format}")
        if self.format == MSO_MDOC:
            _refuse_other_paths(self.claims or ())
        ids = [claim.id for claim in self.claims or () if claim.id is not None]
        _refuse_repeats(ids, "claim id")
        if self.claim_sets is not None:
            self._check_claim_sets(ids)
        return self

    def _check_claim_sets(self, ids: list[str]) -> None:
        if self.claims is None:
            raise ValueError("claim_sets must not be present without claims")
        if len(ids) < len(self.claims):
            raise ValueError("every claim needs an id where claim_sets is present")
        for claim_set in self.claim_sets or ():
            if not claim_set:
                raise ValueError("every claim set must name at least one claim")
            _refuse_unknown(claim_set, ids, "claim id")


def _refuse_other_paths(claims: Iterable[ClaimsQuery]) -> None:
    """Refuse what can point at nothing in an mdoc (section 7.2)."""
    for claim in claims:
        if len(claim.path) != _MDOC_PATH or not all(isinstance(part, str) for part in claim.path):
            raise ValueError("a claims path into an mdoc is a namespace and a data element")


class CredentialSetQuery(Message):
    """Combinations of credentials, one of which is needed or welcome (section 6.2)."""

    options: Annotated[
        Array[Annotated[Array[Identifier], Field(min_length=1)]], Field(min_length=1)
    ]
    required: bool = True


class DcqlQuery(Message):
    """A query for credentials and their combinations (section 6)."""

    credentials: Annotated[Array[CredentialQuery], Field(min_length=1)]
    credential_sets: Annotated[Array[CredentialSetQuery], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [query.id for query in self.credentials]
        _refuse_repeats(ids, "credential id")
        for credential_set in self.credential_sets or ():
            for option in credential_set.options:
                _refuse_unknown(option, ids, "credential id")
        return self

    def credential(self, query_id: str) -> CredentialQuery | None:
        """Return the credential query of that id, if there is one."""
        return next((query for query in self.credentials if query.id == query_id), None)


def parse_query(value: object, *, limits: Limits = DEFAULT_LIMITS) -> DcqlQuery:
    """Read a decoded ``dcql_query``.

    Args:
        value: the JSON value; a DCQL query is an object.
        limits: bounds on counts and lengths.

    Raises:
        DcqlError: naming the place, what was expected there and what kind came.
    """
    if not isinstance(value, dict):
        raise DcqlError(f"dcql_query should be an object, got {kind(value)}")
    query = read(DcqlQuery, value, DcqlError)
    check_bounds(query, limits)
    return query


def refuse_repeated_claims(query: DcqlQuery) -> None:
    """Refuse a query of our own that points to a claim twice (section 6.1); DcqlError.

    A wallet that reads such a query goes on: it is told to ignore the second one.
    """
    for credential in query.credentials:
        paths = [claim.path for claim in credential.claims or ()]
        if len(set(paths)) < len(paths):
            raise DcqlError(f"the credential query {credential.id!r} asks for a claim twice")


def check_bounds(query: DcqlQuery, limits: Limits) -> None:
    """Refuse a query with more or longer parts than the bounds allow; DcqlError."""
    _at_most(len(query.credentials), limits.queries, "credential queries")
    _at_most(len(query.credential_sets or ()), limits.credential_sets, "credential sets")
    for credential_set in query.credential_sets or ():
        _at_most(len(credential_set.options), limits.options, "options in a credential set")
        for option in credential_set.options:
            _at_most(len(option), limits.queries, "credentials in an option")
    for credential in query.credentials:
        _check_credential_bounds(credential, limits)


def _check_credential_bounds(credential: CredentialQuery, limits: Limits) -> None:
    _at_most(len(credential.id), limits.text_chars, "characters in a credential id")
    _at_most(len(credential.claims or ()), limits.claims, "claims in a credential query")
    _at_most(len(credential.claim_sets or ()), limits.claim_sets, "claim sets")
    _at_most(len(credential.meta.vct_values or ()), limits.values, "vct_values")
    _at_most(len(credential.meta.type_values or ()), limits.values, "type_values")
    for types in credential.meta.type_values or ():
        _at_most(len(types), limits.values, "types in type_values")
    for claim_set in credential.claim_sets or ():
        _at_most(len(claim_set), limits.claims, "claims in a claim set")
    for authority in credential.trusted_authorities or ():
        _at_most(len(authority.values), limits.values, "values of a trusted authority")
    _at_most(len(credential.trusted_authorities or ()), limits.values, "trusted authorities")
    for claim in credential.claims or ():
        _check_claim_bounds(claim, limits)


def _check_claim_bounds(claim: ClaimsQuery, limits: Limits) -> None:
    _at_most(len(claim.path), limits.path_components, "components in a claims path")
    _at_most(len(show(claim.path)), limits.text_chars, "characters in a claims path")
    _at_most(len(claim.values or ()), limits.values, "values of a claim")


def _at_most(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise DcqlError(f"the query has {count} {what}; at most {limit} are accepted")

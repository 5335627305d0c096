"""The model of a rule: one programme under one version of its law, as values.

Dates are calendar days in the time zone that the rule names; money is in whole won; nothing is a
float.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NewType

ParameterName = NewType("ParameterName", str)
CredentialAlias = NewType("CredentialAlias", str)
ConditionId = NewType("ConditionId", str)
TextId = NewType("TextId", str)

Scalar = str | int | bool
"""What a parameter or a comparison holds; a date stands as ``YYYY-MM-DD``."""
ParameterContent = Scalar | tuple[Scalar, ...]


class Truth(StrEnum):
    """A result in Kleene's strong three-valued logic: unknown is neither yes nor no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a condition is not known. Each one asks something else of the resident."""

    MISSING = "missing"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    UNTRUSTED = "untrusted"
    WRONG_TYPE = "wrong_type"
    AMBIGUOUS = "ambiguous"


class Basis(StrEnum):
    """Who says a figure: official or press page, one blog, mirror, nobody yet."""

    OFFICIAL = "P"
    BLOG = "B"
    MIRROR = "R"
    UNCONFIRMED = "M"

    @property
    def unconfirmed(self) -> bool:
        """Say whether an officer has to confirm the figure before it decides alone."""
        return self in {Basis.BLOG, Basis.UNCONFIRMED}


class Operator(StrEnum):
    """The closed set of comparisons."""

    EQ = "eq"
    IN = "in"
    LE = "le"
    LT = "lt"
    GE = "ge"
    GT = "gt"
    BETWEEN = "between"
    BEFORE = "before"
    AFTER = "after"
    AGE_AT = "age_at"
    EXISTS = "exists"


class GroupKind(StrEnum):
    """How a group folds the results of its members."""

    ALL = "all"
    ANY = "any"
    NONE = "none"
    AT_LEAST = "at_least"


class GoverningDay(StrEnum):
    """Which day chooses the rule, its parameters, and the age of a person."""

    APPLICATION = "application"
    BIRTH = "birth"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class ParameterRef:
    """Stands for the value that a parameter has on the governing day."""

    name: ParameterName


@dataclass(frozen=True, slots=True)
class GoverningDayRef:
    """Stands for the governing day itself, in a comparison of dates."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that the law fixes without a date."""

    value: ParameterContent


Operand = Literal | ParameterRef | GoverningDayRef
PathElement = str | ParameterRef


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter's value from a day on; ``value`` None says that no value is known from then."""

    effective_from: date
    value: ParameterContent | None
    source: str
    basis: Basis
    note: TextId | None


@dataclass(frozen=True, slots=True)
class Law:
    """What a rule encodes: the reference, the scheme's id, and the scheme it is mistaken for."""

    reference: str
    scheme: str
    distinct_from: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Article:
    """The place in the law behind one condition."""

    article: str
    source: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class CredentialNeed:
    """A certificate that a rule reads.

    Attributes:
        alias: its name inside the rule, and its id in the derived query.
        type_id: certificate type of the catalogue.
        issuers: the issuers that count; None for every municipality on the trust list.
    """

    alias: CredentialAlias
    type_id: str
    issuers: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of one claim of one certificate."""

    id: ConditionId
    credential: CredentialAlias
    claim: tuple[PathElement, ...]
    operator: Operator
    operands: tuple[Operand, ...]
    law: Article
    text: TextId
    on_missing: TextId

    @property
    def predicate(self) -> bool:
        """Say whether the certificate answers without showing a value (a true or false)."""
        operand = self.operands[0] if self.operands else None
        return isinstance(operand, Literal) and isinstance(operand.value, bool)


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions and groups under one word; ``count`` is the n of ``at_least``, else 0."""

    kind: GroupKind
    members: "tuple[Node, ...]"
    count: int = 0


Node = Condition | Group


@dataclass(frozen=True, slots=True)
class Benefit:
    """What a yes brings: an amount a month for some months, capped by a claim where one is named.

    Attributes:
        amount: won per month.
        months: number of payments.
        at_most: the claim (alias, path) that caps the amount, such as the rent of the contract.
        once: whether it is granted once in a lifetime.
    """

    amount: Operand
    months: Operand
    at_most: tuple[CredentialAlias, tuple[PathElement, ...]] | None
    once: bool
    text: TextId


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One version of one programme; two rules are equal when their canonical forms are.

    Attributes:
        effective_to: last day in force; None while nothing replaces it.
        predecessor: SHA-256 of the version before; None for the first.
        digest: SHA-256 of the canonical form (RFC 8785): what is logged and what decisions cite.
    """

    programme: str
    version: str
    effective_from: date
    effective_to: date | None
    time_zone: str
    governing_day: GoverningDay
    predecessor: bytes | None
    law: Law
    parameters: Mapping[ParameterName, tuple[ParameterValue, ...]]
    credentials: tuple[CredentialNeed, ...]
    conditions: Group
    benefit: Benefit
    digest: bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rule) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def covers(self, day: date) -> bool:
        """Say whether the rule is in force on a day; both ends are included."""
        last = date.max if self.effective_to is None else self.effective_to
        return self.effective_from <= day <= last


@dataclass(frozen=True, slots=True)
class CredentialEvidence:
    """A presented certificate after its verification.

    Attributes:
        type_id: certificate type of the catalogue.
        issuer: the ``iss`` whose signature was checked.
        status: "valid", "expired", "revoked", "suspended" or "untrusted"; claims count only when
            it is valid, and any other word counts as untrusted.
        claims: the disclosed payload; kept out of every repr.
        issuer_digest: SHA-256 of the issuer-signed JWT, the digest that the log holds; empty when
            there is none.
    """

    type_id: str
    issuer: str
    status: str
    claims: Mapping[str, object] = field(repr=False)
    issuer_digest: bytes = field(default=b"", repr=False)

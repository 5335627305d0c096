"""A check of eligibility, and what it came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from madang.core.encoding.strict_json import Json
from madang.core.merkle.entry import EntryKind


@dataclass(frozen=True, slots=True)
class Check:
    """What is checked; settled when it is begun, so that an answer cannot change it.

    Attributes:
        id: the same as that of its presentation.
        programme: folder of the rule, and the registered purpose.
        rule_digest: the rule that decides.
        day: the governing day.
        opened_at: seconds since 1970.
    """

    id: str
    tenant: str
    programme: str
    rule_digest: bytes
    day: date
    opened_at: int


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision on a check.

    Attributes:
        outcome: yes, no or unknown.
        document: the decision document.
        digest: SHA-256 of its canonical form.
        told: per language the explanation as it was told: "summary" and "rows".
        decided_at: seconds since 1970.
    """

    outcome: str
    document: Json = field(repr=False)
    digest: bytes
    told: Mapping[str, Json] = field(repr=False)
    decided_at: int


@dataclass(frozen=True, slots=True)
class Entered:
    """What the office keeps of an entry that it handed to the log.

    Attributes:
        hour: epoch seconds of the hour.
        digest: of the thing.
        salt: opens the commitment.
        index: position in the log; None while it has none.
    """

    kind: EntryKind
    issuer: str
    hour: int
    digest: bytes
    salt: bytes = field(repr=False)
    index: int | None

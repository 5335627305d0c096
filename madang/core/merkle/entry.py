"""Entries of a log: what an office did, without anything about a person.

An entry is canonical JSON (RFC 8785) of exactly five members. Others are refused rather
than ignored, because an entry can never be taken back: nothing else may slip in.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from madang.core.encoding import base64url, canonical_json, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.tree import HASH_SIZE

HOUR = 3600
MIN_SALT = 16
MAX_SALT = 64
MAX_ISSUER = 512
MAX_ENTRY_BYTES = 1024
MAX_NUMBER = 2**53 - 1

# Printable ASCII without what JSON would escape, so that the length is bounded.
_ISSUER = re.compile(r"[!#-\[\]-~]+")
_MEMBERS = {"commitment", "hour", "issuer", "kind", "sequence"}
# Canonical JSON has one form for such values, so an auditor need not parse JSON a million
# times. The last character of the hash has two spare bits, which are zero.
_FORM = re.compile(
    rb'\{"commitment":"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])","hour":(0|[1-9][0-9]{0,15}),'
    rb'"issuer":"([!#-\[\]-~]+)","kind":"([a-z_]+)","sequence":(0|[1-9][0-9]{0,15})\}'
)


class EntryError(ValueError):
    """Values or bytes that cannot stand in a log."""


class EntryKind(StrEnum):
    """What was done."""

    CREDENTIAL = "credential"
    STATUS_LIST = "status_list"
    RULE = "rule"
    CATALOGUE = "catalogue"
    LETTER_TEMPLATE = "letter_template"
    DECISION = "decision"
    DRAW_SEED = "draw_seed"
    BALLOT = "ballot"
    KEY = "key"
    LEASE = "lease"


_KINDS = {kind.encode(): kind for kind in EntryKind}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log.

    Attributes:
        sequence: index in the log, from 0. It stands in the entry because a size on the
            chain is only a claim, while an entry cannot be moved.
        kind: what was done.
        hour: when, epoch seconds rounded down to the hour (see `hour_of`).
        issuer: identifier of the office that did it.
        commitment: 32 bytes, see `commitment`.

    Raises:
        EntryError: naming the value that is out of bounds.
    """

    sequence: int
    kind: EntryKind
    hour: int
    issuer: str
    commitment: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.sequence <= MAX_NUMBER:
            raise EntryError(f"entry sequence {self.sequence} is not within 0 to {MAX_NUMBER}")
        if not 0 <= self.hour <= MAX_NUMBER or self.hour % HOUR:
            raise EntryError(f"entry hour {self.hour} is not epoch seconds of a full hour")
        if len(self.issuer) > MAX_ISSUER or not _ISSUER.fullmatch(self.issuer):
            raise EntryError(f"entry issuer {self.issuer[:80]!r} is no identifier")
        if len(self.commitment) != HASH_SIZE:
            raise EntryError(f"an entry commitment has {HASH_SIZE} bytes: {len(self.commitment)}")

    def encode(self) -> bytes:
        """Return the bytes that the log holds."""
        return canonical_json.encode(
            {
                "commitment": base64url.encode(self.commitment),
                "hour": self.hour,
                "issuer": self.issuer,
                "kind": str(self.kind),
                "sequence": self.sequence,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "Entry":
        """Read an entry; only the bytes that `encode` makes are accepted.

        Raises:
            EntryError: saying what came and what was expected.
        """
        match = _FORM.fullmatch(data)
        if match is None:
            raise EntryError(_why_not(data))
        committed, hour, issuer, kind, sequence = match.groups()
        if kind not in _KINDS:
            raise EntryError(f"log entry kind {kind.decode()!r}, expected {sorted(EntryKind)}")
        raw = base64url.decode(committed.decode())
        return cls(int(sequence), _KINDS[kind], int(hour), issuer.decode(), raw)


def is_entry(data: bytes, sequence: int) -> bool:
    """Return whether `Entry.parse` gives an entry of this sequence, at a third of its time."""
    match = _FORM.fullmatch(data)
    if match is None:
        return False
    _, hour, issuer, kind, told = match.groups()
    return (
        told == b"%d" % sequence
        and sequence <= MAX_NUMBER
        and kind in _KINDS
        and len(issuer) <= MAX_ISSUER
        and int(hour) <= MAX_NUMBER
        and not int(hour) % HOUR
    )


def _why_not(data: bytes) -> str:
    """Say in what way bytes are no entry."""
    try:
        value = strict_json.loads(data, max_bytes=MAX_ENTRY_BYTES, max_depth=2)
    except EncodingError as error:
        return f"a log entry is a JSON object: {error}"
    if not isinstance(value, dict) or set(value) != _MEMBERS:
        return f"a log entry has the members {sorted(_MEMBERS)}, no others"
    return "a log entry is canonical JSON of two whole numbers, two texts and a base64url hash"


def hour_of(now: int) -> int:
    """Return epoch seconds rounded down to the hour."""
    return now - now % HOUR


def commitment(salt: bytes, digest: bytes) -> bytes:
    """Return SHA-256(salt || digest), which stands in the log for the thing itself.

    The digest has a fixed length, so no salt can be continued into it. Without the salt,
    nobody can tell from the log whether a thing that they hold was entered.

    Args:
        salt: 16 to 64 random bytes, fresh for each entry.
        digest: SHA-256 of the thing, 32 bytes.

    Raises:
        EntryError: when a length is out of bounds.
    """
    if not MIN_SALT <= len(salt) <= MAX_SALT:
        raise EntryError(f"a salt has {MIN_SALT} to {MAX_SALT} bytes, got {len(salt)}")
    if len(digest) != HASH_SIZE:
        raise EntryError(f"a digest has {HASH_SIZE} bytes, got {len(digest)}")
    return sha256(salt + digest).digest()

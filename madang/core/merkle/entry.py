"""Entries of a log: what an office did, without anything about a person.

An entry is canonical JSON (RFC 8785) of exactly five members. Others are refused rather
than ignored, because an entry can never be taken back: nothing else may slip in.
"""

import re
from collections.abc import Mapping
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
        try:
            value = strict_json.loads(data, max_bytes=MAX_ENTRY_BYTES, max_depth=2)
        except EncodingError as error:
            raise EntryError(f"a log entry is a JSON object: {error}") from error
        if not isinstance(value, dict) or set(value) != _MEMBERS:
            raise EntryError(f"a log entry has the members {sorted(_MEMBERS)}, no others")
        entry = _from_members(value)
        if entry.encode() != data:
            raise EntryError("a log entry is canonical JSON, the same values came otherwise")
        return entry


def _from_members(value: Mapping[str, object]) -> Entry:
    sequence, hour = value["sequence"], value["hour"]
    if type(sequence) is not int or type(hour) is not int:
        raise EntryError("sequence and hour of a log entry are integers")
    issuer, commitment_text = value["issuer"], value["commitment"]
    if not isinstance(issuer, str) or not isinstance(commitment_text, str):
        raise EntryError("issuer and commitment of a log entry are strings")
    try:
        kind = EntryKind(str(value["kind"]))
        return Entry(sequence, kind, hour, issuer, base64url.decode(commitment_text))
    except EncodingError as error:
        raise EntryError("the commitment of a log entry is not base64url") from error
    except ValueError as error:
        raise EntryError(f"a log entry that cannot be: {error}") from error


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

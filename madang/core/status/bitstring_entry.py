"""BitstringStatusListEntry and status messages (W3C Bitstring Status List v1.0, section 2.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from madang.core.status.bitstring import MALFORMED_VALUE, MAX_SIZE
from madang.core.status.errors import BitstringError

ENTRY_TYPE: Final = "BitstringStatusListEntry"
REFRESH, REVOCATION, SUSPENSION, MESSAGE = "refresh", "revocation", "suspension", "message"
"""Values of `statusPurpose`; others mean what their users agree on."""
MAX_ENTRIES = 16
MAX_INDEX_DIGITS: Final = 18
_HEX = re.compile(r"0x[0-9A-Fa-f]{1,8}")


@dataclass(frozen=True, slots=True)
class BitstringEntry:
    """Where the status of a credential stands for one purpose.

    Attributes:
        purpose: `statusPurpose`.
        index: `statusListIndex`.
        credential: `statusListCredential`, the address of the list.
        size: `statusSize`, bits of the status.
        messages: `statusMessage`: what each value means; empty when it does not say.
    """

    purpose: str
    index: int
    credential: str
    size: int = 1
    messages: Mapping[int, str] = field(default_factory=dict)


def parse_entry(value: object) -> BitstringEntry:
    """Read one entry; members beyond the specification's are ignored.

    Raises:
        BitstringError: MALFORMED_VALUE_ERROR.
    """
    if not isinstance(value, dict) or value.get("type") != ENTRY_TYPE:
        raise malformed(f"an object of type {ENTRY_TYPE} was expected")
    purpose, credential = value.get("statusPurpose"), value.get("statusListCredential")
    if not isinstance(purpose, str) or not isinstance(credential, str):
        raise malformed("statusPurpose and statusListCredential are text")
    size = size_of(value.get("statusSize", 1))
    messages = messages_of(value.get("statusMessage"), size)
    if size > 1 and not messages:
        raise malformed("statusMessage is missing; it is needed where statusSize exceeds 1")
    return BitstringEntry(purpose, _index(value.get("statusListIndex")), credential, size, messages)


def parse_entries(value: object, *, max_entries: int = MAX_ENTRIES) -> tuple[BitstringEntry, ...]:
    """Read a `credentialStatus`: one entry or several; entries of other types are left out.

    Raises:
        BitstringError: MALFORMED_VALUE_ERROR, also for more than `max_entries`.
    """
    values: list[Any] = value if isinstance(value, list) else [value]
    if len(values) > max_entries or not all(isinstance(each, dict) for each in values):
        raise malformed(f"credentialStatus is one object, or at most {max_entries}")
    return tuple(parse_entry(each) for each in values if each.get("type") == ENTRY_TYPE)


def size_of(value: object) -> int:
    """Return a `statusSize`; BitstringError(MALFORMED_VALUE_ERROR) for another value."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_SIZE:
        raise malformed(f"statusSize is a whole number from 1 to {MAX_SIZE} here")
    return value


def messages_of(value: object, size: int) -> Mapping[int, str]:
    """Return status messages by their values, empty for None.

    Raises:
        BitstringError: MALFORMED_VALUE_ERROR, also unless there is one for every possible value.
    """
    if value is None:
        return {}
    if not isinstance(value, list) or len(value) != 1 << size:
        raise malformed(f"an array of {1 << size} status messages was expected")
    found = dict(_message(each) for each in value)
    if found.keys() != set(range(1 << size)):
        raise malformed("each possible status has one message")
    return found


def _message(value: object) -> tuple[int, str]:
    members = value if isinstance(value, dict) else {}
    status, text = members.get("status"), members.get("message")
    if not isinstance(status, str) or not isinstance(text, str) or not _HEX.fullmatch(status):
        raise malformed("a status message has a status, hexadecimal after 0x, and a message")
    return int(status, 16), text


def _index(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        if len(value) <= MAX_INDEX_DIGITS:
            return int(value)
        raise malformed(f"statusListIndex has more than {MAX_INDEX_DIGITS} digits")
    raise malformed("statusListIndex is a whole number as decimal text")


def malformed(detail: str) -> BitstringError:
    """Return the error of a value that is not as the specification demands."""
    return BitstringError(MALFORMED_VALUE, detail)

"""BitstringStatusListCredential (W3C Bitstring Status List v1.0, sections 2.2 and 3).

Secured by JOSE (W3C Securing Verifiable Credentials using JOSE and COSE, section 3.1.1). One with
a Data Integrity proof is read by `parse_credential` once somebody has verified the proof.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.signing import SignatureChecker, Signer
from madang.core.status import bitstring
from madang.core.status.bitstring import LENGTH, MAX_BYTES, MIN_ENTRIES, Bitstring
from madang.core.status.bitstring_entry import (
    MESSAGE,
    BitstringEntry,
    malformed,
    messages_of,
    size_of,
)
from madang.core.status.errors import BitstringError

VERIFICATION: Final = "STATUS_VERIFICATION_ERROR"
CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
CREDENTIAL_TYPE: Final = "BitstringStatusListCredential"
LIST_TYPE: Final = "BitstringStatusList"
TYPE: Final = "vc+jwt"
MEDIA_TYPE: Final = "application/vc+jwt"
MAX_SKEW = 60
_MAX_TIME_TEXT = 40


@dataclass(frozen=True, slots=True)
class BitstringCredential:
    """A status list as a verifiable credential.

    Attributes:
        id: where it is published, None when it does not say.
        issuer: who says so.
        purposes: `statusPurpose`, one or more.
        encoded: `encodedList`.
        valid_from: seconds since the epoch, None when it does not say.
        valid_until: as above.
        ttl: milliseconds until a fresh one should be fetched, None as above.
        size: `statusSize`, None when it does not say.
        messages: `statusMessages`, empty when it does not say.
    """

    id: str | None
    issuer: str
    purposes: tuple[str, ...]
    encoded: str
    valid_from: int | None = None
    valid_until: int | None = None
    ttl: int | None = None
    size: int | None = None
    messages: Mapping[int, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the unsecured credential."""
        purposes = list(self.purposes)
        subject = {
            "id": None if self.id is None else f"{self.id}#list",
            "type": LIST_TYPE,
            "statusPurpose": purposes[0] if len(purposes) == 1 else purposes,
            "encodedList": self.encoded,
            "ttl": self.ttl,
            "statusSize": self.size,
            "statusMessages": [
                {"status": f"{status:#x}", "message": text}
                for status, text in sorted(self.messages.items())
            ]
            or None,
        }
        whole = {
            "@context": [CONTEXT],
            "id": self.id,
            "type": ["VerifiableCredential", CREDENTIAL_TYPE],
            "issuer": self.issuer,
            "validFrom": _written(self.valid_from),
            "validUntil": _written(self.valid_until),
            "credentialSubject": _said(subject),
        }
        return _said(whole)


def parse_credential(value: object) -> BitstringCredential:
    """Read the credential; the list in it is not unpacked yet.

    Raises:
        BitstringError: MALFORMED_VALUE_ERROR.
    """
    if not isinstance(value, dict) or CREDENTIAL_TYPE not in _texts("type", value.get("type")):
        raise malformed(f"an object whose type includes {CREDENTIAL_TYPE} was expected")
    subject = value.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("type") != LIST_TYPE:
        raise malformed(f"credentialSubject is not of type {LIST_TYPE}")
    encoded, identifier = subject.get("encodedList"), value.get("id")
    if not isinstance(encoded, str) or not isinstance(identifier, str | None):
        raise malformed("encodedList is missing, or id is not text")
    size = None if subject.get("statusSize") is None else size_of(subject["statusSize"])
    purposes = _texts("statusPurpose", subject.get("statusPurpose"))
    if MESSAGE in purposes and (size is None or subject.get("statusMessages") is None):
        raise malformed("statusPurpose message needs statusSize and statusMessages")
    return BitstringCredential(
        id=identifier,
        issuer=_issuer(value.get("issuer")),
        purposes=purposes,
        encoded=encoded,
        valid_from=_read("validFrom", value.get("validFrom")),
        valid_until=_read("validUntil", value.get("validUntil")),
        ttl=_ttl(subject.get("ttl")),
        size=size,
        messages=messages_of(subject.get("statusMessages"), size or 1),
    )


@dataclass(frozen=True, slots=True)
class BitstringStatus:
    """What a list says of one credential (section 3.2, steps 11 to 14).

    Attributes:
        status: the value.
        purpose: of the entry.
        valid: whether the value is 0.
        message: what the value means, None without `statusMessages` or `statusMessage`.
    """

    status: int
    purpose: str
    valid: bool
    message: str | None = None


def status_of(
    entry: BitstringEntry,
    listed: BitstringCredential,
    *,
    now: int,
    min_entries: int = MIN_ENTRIES,
    max_bytes: int = MAX_BYTES,
) -> BitstringStatus:
    """Return the status of a credential by a list whose proof was verified (section 3.2).

    Args:
        entry: of the credential.
        listed: the list at the entry's address.
        now: seconds since the epoch.
        min_entries: fewer do not hide one.
        max_bytes: most bytes unpacked.

    Raises:
        BitstringError: STATUS_VERIFICATION_ERROR, STATUS_LIST_LENGTH_ERROR, RANGE_ERROR or
            MALFORMED_VALUE_ERROR.
    """
    _check(entry, listed, now)
    bits: Bitstring = bitstring.decode(listed.encoded, entry.size, max_bytes=max_bytes)
    if len(bits) < min_entries:
        raise BitstringError(LENGTH, f"{len(bits)} entries, at least {min_entries} hide one")
    value = bits.get(entry.index)
    message = (listed.messages or entry.messages).get(value)
    return BitstringStatus(value, entry.purpose, value == 0, message)


def _check(entry: BitstringEntry, listed: BitstringCredential, now: int) -> None:
    if entry.purpose not in listed.purposes:
        raise BitstringError(VERIFICATION, f"the list is not about {entry.purpose!r}")
    if listed.id is not None and listed.id != entry.credential:
        raise BitstringError(VERIFICATION, "the list is not the one that the credential names")
    if listed.size is not None and listed.size != entry.size:
        raise BitstringError(VERIFICATION, "list and entry disagree about statusSize")
    if listed.valid_from is not None and now + MAX_SKEW < listed.valid_from:
        raise BitstringError(VERIFICATION, "the list is not valid yet")
    if listed.valid_until is not None and now >= listed.valid_until:
        raise BitstringError(VERIFICATION, "the list is not valid any more")


def sign(listed: BitstringCredential, signer: Signer) -> str:
    """Return the credential as a compact JWS; the signer's certificates go into `x5c`."""
    chain = jws.chain_header(signer.certificate_chain)
    header: dict[str, Any] = {"typ": TYPE, "cty": "vc", "kid": signer.key_id, **chain}
    return jws.sign(strict_json.dumps(listed.to_json()).encode(), header, signer)


def parse_signed(compact: str | bytes, *, max_bytes: int = MAX_BYTES) -> Jws:
    """Take a signed credential apart, so that its header can tell the key; nothing is checked.

    Raises:
        BitstringError: MALFORMED_VALUE_ERROR.
    """
    try:
        return jws.parse(compact, max_bytes=max_bytes)
    except EnvelopeError as error:
        raise malformed(str(error)) from error


def verify_signed(
    parsed: Jws, checker: SignatureChecker, *, max_bytes: int = MAX_BYTES
) -> BitstringCredential:
    """Return the credential that a key signed.

    Raises:
        BitstringError: STATUS_VERIFICATION_ERROR for another type or signature,
            MALFORMED_VALUE_ERROR.
    """
    if parsed.header.get("typ") != TYPE:
        raise BitstringError(VERIFICATION, f"typ {parsed.header.get('typ')!r}, not {TYPE}")
    if not jws.verify(parsed, checker):
        raise BitstringError(VERIFICATION, "not signed by the issuer's key")
    try:
        return parse_credential(strict_json.loads(parsed.payload, max_bytes=max_bytes))
    except EncodingError as error:
        raise malformed(str(error)) from error


def _said(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _texts(name: str, value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise malformed(f"{name} is text, or an array of text")
    return tuple(texts)


def _issuer(value: object) -> str:
    name = value.get("id") if isinstance(value, dict) else value
    if not isinstance(name, str):
        raise malformed("issuer is text, or an object with an id")
    return name


def _ttl(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise malformed("ttl is not a whole number of milliseconds")
    return value


def _read(name: str, value: object) -> int | None:
    """Return a dateTimeStamp (XML Schema 1.1) in seconds since the epoch."""
    if value is None:
        return None
    if isinstance(value, str) and len(value) <= _MAX_TIME_TEXT:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None and "T" in value:
            return int(moment.timestamp())
    raise malformed(f"{name} is not a time with its offset")


def _written(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

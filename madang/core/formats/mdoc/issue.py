"""Issue an mdoc: digests of salted elements under one signature (ISO/IEC 18013-5 section 9.1.2).

What all copies of a document have in common is encoded once, in a `Draft`; a copy adds its salts,
its order of digests, its device key and its place in a status list.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Cbor
from madang.core.encoding.cbor_pieces import (
    ARRAY,
    MAP,
    NEGATIVE,
    UNSIGNED,
    head,
    octets,
    text,
    wrapped,
)
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import cose
from madang.core.envelope.cose import Sign1
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.model import issuer_digest
from madang.core.formats.mdoc.mso import (
    DEFAULT_HASH,
    HASHES,
    VERSION,
    KeyAuthorizations,
    StatusReference,
    ValidityInfo,
)
from madang.core.formats.mdoc.times import moment_text
from madang.core.keys.cose_key import to_cose
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer

SALT_BYTES: Final = 16
"""Bytes of each `random`: the least that section 9.1.2.5 allows. The examples of Annex D have 32;
no source asks for more than 16."""
ORDER_BYTES: Final = 8
"""Bytes of chance for each element in `shuffled`."""
_CLAUSE: Final = "ISO 18013-5 9.1.2.5"

# The names of maps in the core deterministic order (RFC 8949 section 4.2.1).
_ITEM = head(MAP, 4) + text("random")
_DIGEST_ID, _VALUE, _IDENTIFIER = map(text, ("digestID", "elementValue", "elementIdentifier"))
_STATUS, _DOC_TYPE, _VALIDITY = map(text, ("status", "docType", "validityInfo"))
_VERSION = text("version") + text(VERSION)
_DIGESTS, _KEY_INFO, _ALGORITHM = map(text, ("valueDigests", "deviceKeyInfo", "digestAlgorithm"))
_DEVICE_KEY, _AUTHORIZATIONS = text("deviceKey"), text("keyAuthorizations")
_SIGNED, _FROM, _UNTIL, _UPDATE = map(text, ("signed", "validFrom", "validUntil", "expectedUpdate"))
_ISSUER_AUTH, _NAME_SPACES = text("issuerAuth"), text("nameSpaces")
_X5CHAIN = head(MAP, 1) + head(UNSIGNED, cose.X5CHAIN)
_PLACE = head(MAP, 1) + text("status_list") + head(MAP, 2) + text("idx")
_URI = text("uri")
_TDATE = b"\xc0"


class _Element(NamedTuple):
    """An element of a draft: where it stands, and the end of its item, which holds no chance."""

    name_space: int
    ending: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """The part of a document that all its copies share, made by `draft`.

    Attributes:
        doc_type: type of the document.
        name_spaces: in the order in which they are written.
        elements: in the order of the arguments; salts and digest numbers follow it.
        algorithm: name of the digests' hash.
        authorizations: what every copy's device key may sign.
    """

    doc_type: str
    name_spaces: tuple[str, ...]
    elements: tuple[_Element, ...]
    algorithm: str
    authorizations: bytes


@dataclass(frozen=True, slots=True)
class Copy:
    """What makes one copy of a document.

    Attributes:
        device_key: the holder's.
        validity: times; rounded ones do not tell copies apart.
        salts: at least SALT_BYTES of chance for each element, each different.
        order: number of each element's digest: a shuffle of 0, 1, … that is the copy's own, so
            that numbers tell nothing about names and do not link copies (`shuffled`).
        status: the copy's own place in a status list.
    """

    device_key: PublicKey
    validity: ValidityInfo
    salts: Sequence[bytes]
    order: Sequence[int]
    status: StatusReference | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new mdoc.

    Attributes:
        encoded: IssuerSigned as CBOR; a wallet receives it in base64url.
        issuer_digest: what the log commits to (`model.issuer_digest`).
    """

    encoded: bytes
    issuer_digest: bytes


def salts_from(chance: bytes) -> tuple[bytes, ...]:
    """Cut bytes of chance into salts."""
    ends = range(SALT_BYTES, len(chance) + 1, SALT_BYTES)
    return tuple(chance[end - SALT_BYTES : end] for end in ends)


def shuffled(count: int, chance: bytes) -> tuple[int, ...]:
    """Return the numbers below `count` in an order drawn from ORDER_BYTES of chance for each."""
    size = ORDER_BYTES
    keys = [chance[size * number : size * (number + 1)] for number in range(count)]
    if len(keys[-1:]) and len(keys[-1]) != size:
        raise MdocError("no_chance", _CLAUSE, f"{size} bytes of chance for each number are needed")
    return tuple(sorted(range(count), key=keys.__getitem__))


def draft(
    doc_type: str,
    elements: Mapping[str, Mapping[str, Cbor]],
    *,
    algorithm: str = DEFAULT_HASH,
    authorizations: KeyAuthorizations | None = None,
) -> Draft:
    """Encode what all copies of a document share.

    Args:
        doc_type: type of the document.
        elements: values by namespace and identifier.
        algorithm: hash of the digests, one of HASHES.
        authorizations: what the device keys may sign; nothing when left out.

    Raises:
        MdocError: no elements, an unknown hash, or a value that has no CBOR.
    """
    if algorithm not in HASHES:
        raise MdocError("digest_algorithm", _CLAUSE, f"no hash is called {algorithm!r}")
    names = tuple(sorted((name for name in elements if elements[name]), key=text))
    if not names:
        raise MdocError("no_elements", "ISO 18013-5 9.1.2.4", "a document has elements")
    endings = tuple(
        _Element(names.index(name), _VALUE + _encoded(value) + _IDENTIFIER + text(identifier))
        for name, members in elements.items()
        for identifier, value in members.items()
    )
    return Draft(doc_type, names, endings, algorithm, _authorizations(authorizations))


def issue(blank: Draft, copy: Copy, signer: Signer) -> Issued:
    """Sign one copy.

    Args:
        blank: what the copies share.
        copy: what makes this one.
        signer: the issuer's key; its certificates go into `x5chain`.

    Raises:
        MdocError: the signer has no certificate, salts are short, repeat or are too few, the order
            is no shuffle, or the times contradict one another.
    """
    _check(blank, copy, signer)
    items, digests = _items(blank, copy)
    mso = _mso(blank, copy, digests)
    issuer_auth = cose.sign1(wrapped(mso), {}, signer)
    encoded = b"".join(
        (
            head(MAP, 2),
            _ISSUER_AUTH,
            _issuer_auth(issuer_auth, signer.certificate_chain),
            _NAME_SPACES,
            head(MAP, len(blank.name_spaces)),
            *_arrays(blank, items),
        )
    )
    return Issued(encoded, issuer_digest(issuer_auth))


def issue_batch(blank: Draft, copies: Iterable[Copy], signer: Signer) -> tuple[Issued, ...]:
    """Sign several copies, one for each device key; MdocError if two share a salt."""
    made, used = [], set[bytes]()
    for copy in copies:
        if not used.isdisjoint(copy.salts):
            raise _salt_twice()
        used.update(copy.salts)
        made.append(issue(blank, copy, signer))
    return tuple(made)


def _check(blank: Draft, copy: Copy, signer: Signer) -> None:
    count = len(blank.elements)
    if not signer.certificate_chain:
        raise MdocError("no_certificate", "ISO 18013-5 9.1.2.4", "x5chain needs a certificate")
    if len(copy.salts) < count or any(len(salt) < SALT_BYTES for salt in copy.salts):
        detail = f"{count} salts of at least {SALT_BYTES} bytes are needed"
        raise MdocError("no_salt", _CLAUSE, detail)
    if len(set(copy.salts)) != len(copy.salts):
        raise _salt_twice()
    if sorted(copy.order) != list(range(count)):
        raise MdocError("digest_order", _CLAUSE, f"a shuffle of 0 to {count - 1} was expected")
    times = copy.validity
    if not times.signed <= times.valid_from < times.valid_until:
        raise MdocError("validity", "ISO 18013-5 9.1.2.4", "signed, validFrom, validUntil in order")


def _salt_twice() -> MdocError:
    # Whoever sees one element could guess the others of the same salt.
    return MdocError("salt_twice", _CLAUSE, "a salt came twice")


def _items(blank: Draft, copy: Copy) -> tuple[list[list[bytes]], list[list[bytes]]]:
    """Return items and digests by namespace, both in the order of the digest numbers."""
    count = len(blank.name_spaces)
    items: list[list[bytes]] = [[] for _ in range(count)]
    digests: list[list[bytes]] = [[] for _ in range(count)]
    digest = HASHES[blank.algorithm]
    for number, at in sorted(zip(copy.order, range(len(copy.order)), strict=True)):
        element = blank.elements[at]
        label = head(UNSIGNED, number)
        salt = octets(copy.salts[at])
        item = wrapped(b"".join((_ITEM, salt, _DIGEST_ID, label, element.ending)))
        items[element.name_space].append(item)
        digests[element.name_space].append(label + octets(digest(item).digest()))
    return items, digests


def _arrays(blank: Draft, items: Sequence[Sequence[bytes]]) -> Iterator[bytes]:
    for name, members in zip(blank.name_spaces, items, strict=True):
        yield text(name)
        yield head(ARRAY, len(members))
        yield from members


def _mso(blank: Draft, copy: Copy, digests: Sequence[Sequence[bytes]]) -> bytes:
    info = head(MAP, 2 if blank.authorizations else 1) + _DEVICE_KEY + _cose_key(copy.device_key)
    parts = [
        head(MAP, 6 if copy.status is None else 7),
        _status(copy.status),
        _DOC_TYPE + text(blank.doc_type),
        _VERSION,
        _VALIDITY + _validity(copy.validity),
        _DIGESTS + head(MAP, len(blank.name_spaces)),
    ]
    for name, members in zip(blank.name_spaces, digests, strict=True):
        parts += (text(name), head(MAP, len(members)), *members)
    parts += (_KEY_INFO, info, blank.authorizations, _ALGORITHM, text(blank.algorithm))
    return b"".join(parts)


def _issuer_auth(message: Sign1, chain: Sequence[bytes]) -> bytes:
    """Return `issuerAuth`; the certificates stand in its unprotected header."""
    header = _X5CHAIN + (octets(chain[0]) if len(chain) == 1 else _array(map(octets, chain)))
    payload, signature = octets(message.payload or b""), octets(message.signature)
    return head(ARRAY, 4) + octets(message.protected) + header + payload + signature


def _array(members: Iterable[bytes]) -> bytes:
    listed = tuple(members)
    return head(ARRAY, len(listed)) + b"".join(listed)


def _cose_key(key: PublicKey) -> bytes:
    """Return the COSE_Key; its labels 1, -1, -2, -3 are in the deterministic order."""
    members = to_cose(key)
    parts = [head(MAP, len(members))]
    for label, value in members.items():
        parts.append(head(UNSIGNED, label) if label >= 0 else head(NEGATIVE, -1 - label))
        parts.append(octets(value) if isinstance(value, bytes) else head(UNSIGNED, value))
    return b"".join(parts)


def _status(status: StatusReference | None) -> bytes:
    if status is None:
        return b""
    return _STATUS + _PLACE + head(UNSIGNED, status.idx) + _URI + text(status.uri)


def _validity(times: ValidityInfo) -> bytes:
    moments = [(_SIGNED, times.signed), (_FROM, times.valid_from), (_UNTIL, times.valid_until)]
    if times.expected_update is not None:
        moments.append((_UPDATE, times.expected_update))
    written = (name + _TDATE + text(moment_text(moment)) for name, moment in moments)
    return head(MAP, len(moments)) + b"".join(written)


def _authorizations(allowed: KeyAuthorizations | None) -> bytes:
    if allowed is None or not (allowed.name_spaces or allowed.data_elements):
        return b""
    found: dict[str, Cbor] = {}
    if allowed.name_spaces:
        found["nameSpaces"] = list(allowed.name_spaces)
    if allowed.data_elements:
        found["dataElements"] = dict(allowed.data_elements)
    return _AUTHORIZATIONS + _encoded(found)


def _encoded(value: Cbor) -> bytes:
    try:
        return cbor.dumps(value)
    except EncodingError as error:
        raise MdocError("malformed_element", "ISO 18013-5 7.2.1", str(error)) from error

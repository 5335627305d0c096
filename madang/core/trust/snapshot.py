"""A signed snapshot of the registry (ADR 0034): whole, so that nobody asks for one entry.

A compact JWS of the type `accreditation-snapshot+jwt` whose `x5c` leads to a municipality's root.
It holds every change since the founding, as the contract chained them into its `history`: whoever
reads it makes the state from them, so nothing can be left out or added without another history.
The format is described in docs/formats/accreditation-snapshot.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.signing import Signer
from madang.core.trust.changes import Change, ChangeError, State, replay
from madang.core.trust.place import Place, PlaceError
from madang.core.trust.registry import Basis, Registry

TYPE: Final = "accreditation-snapshot+jwt"
MEDIA_TYPE: Final = f"application/{TYPE}"
ALGORITHMS: Final = ("ES256", "EdDSA")
MAX_BYTES: Final = 2_000_000
MAX_CHANGES: Final = 20_000
MAX_ANCHORS: Final = 500
MAX_ANCHOR_BYTES: Final = 4_096
TOO_LARGE: Final = "snapshot_too_large"
_HASH_CHARACTERS: Final = 66
_LEAST_DEPTH: Final = 6
_SIGNATURE_CHARACTERS: Final = 88
"""Both algorithms make 64 bytes, which are 86 characters; and the two dots of a JWS."""


class SnapshotError(ValueError):
    """A snapshot cannot be read, or must not be relied on.

    Attributes:
        code: fixed word, such as snapshot_malformed or snapshot_stale.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class Snapshot:
    """What a snapshot says.

    Attributes:
        publisher: `iss`: identifier of the log at whose address it is published.
        issued_at: `iat`: seconds since the epoch.
        place: the registry.
        basis: version, and the block at whose end the state was this.
        history: the contract's, 32 bytes.
        changes: all of them, in order.
        documents: bytes of each record's document, by their SHA-256.
        anchors: DER of the roots that the documents name.
    """

    publisher: str
    issued_at: int
    place: Place
    basis: Basis
    history: bytes
    changes: tuple[Change, ...]
    documents: Mapping[bytes, bytes]
    anchors: tuple[bytes, ...]

    @cached_property
    def state(self) -> State:
        """Return the state that the changes lead to; ChangeError if they lead to none."""
        return replay(self.changes, self.documents)

    @cached_property
    def registry(self) -> Registry:
        """Return what is judged by, once the snapshot is verified."""
        anchors = {sha256(der).digest(): der for der in self.anchors}
        return Registry(self.basis, self.state.records, anchors, self.state.leases)


def sign(snapshot: Snapshot, signer: Signer) -> str:
    """Return the snapshot as it is published; its chain goes into `x5c`.

    Raises:
        SnapshotError: snapshot_too_large: no reader would take it.
    """
    _check_counts(snapshot)
    payload = strict_json.dumps(_claims(snapshot)).encode()
    header = {"typ": TYPE, **jws.chain_header(signer.certificate_chain)}
    protected = jws.protect(header, signer.algorithm)
    encoded = -(-len(payload) * 4 // 3)  # characters of base64url, without padding
    _at_most(len(protected) + encoded + _SIGNATURE_CHARACTERS, MAX_BYTES, "bytes")
    return jws.sign_protected(payload, protected, signer)


def _check_counts(snapshot: Snapshot) -> None:
    _at_most(len(snapshot.changes), MAX_CHANGES, "changes")
    _at_most(len(snapshot.documents), MAX_CHANGES, "documents")
    _at_most(len(snapshot.anchors), MAX_ANCHORS, "anchors")
    _at_most(max(map(len, snapshot.anchors), default=0), MAX_ANCHOR_BYTES, "bytes of an anchor")


def _at_most(found: int, most: int, what: str) -> None:
    if found > most:
        said = f"{found} {what}, readers of a snapshot take at most {most}"
        raise SnapshotError(TOO_LARGE, said)


def _claims(snapshot: Snapshot) -> dict[str, Any]:
    place, basis = snapshot.place, snapshot.basis
    return {
        "iss": snapshot.publisher,
        "iat": snapshot.issued_at,
        "chain_id": place.chain_id,
        "genesis_hash": place.genesis_hash,
        "contract": place.contract,
        "code_hash": place.code_hash,
        "block": {"number": basis.block, "hash": basis.block_hash, "time": basis.time},
        "version": basis.version,
        "history": snapshot.history.hex(),
        **snapshot.state.to_json(),
        "changes": [base64url.encode(change.encoded) for change in snapshot.changes],
        "documents": [base64url.encode(each) for each in snapshot.documents.values()],
        "anchors": [base64url.encode(der) for der in snapshot.anchors],
    }


def open_snapshot(compact: str | bytes) -> tuple[Jws, Snapshot]:
    """Take a snapshot apart; nothing is checked yet but its form.

    Raises:
        SnapshotError: snapshot_malformed.
    """
    try:
        parsed = jws.parse(compact, max_bytes=MAX_BYTES)
        claims = strict_json.loads(parsed.payload, max_bytes=MAX_BYTES, max_depth=_LEAST_DEPTH)
        return parsed, _snapshot(_Claims(claims))
    except (EncodingError, EnvelopeError, PlaceError, ChangeError) as error:
        raise SnapshotError("snapshot_malformed", str(error)) from error


class _Claims:
    """The members, each of the kind that is asked for."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise SnapshotError("snapshot_malformed", "the claims are no JSON object")
        self._members: dict[str, Any] = value

    def number(self, name: str) -> int:
        value = self._members.get(name)
        if type(value) is not int or value < 0:
            raise SnapshotError("snapshot_malformed", f"{name}: a whole number was expected")
        return value

    def text(self, name: str, most: int = 512) -> str:
        value = self._members.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most:
            raise SnapshotError("snapshot_malformed", f"{name}: text of 1 to {most} was expected")
        return value

    def within(self, name: str) -> "_Claims":
        return _Claims(self._members.get(name))

    def pieces(self, name: str, most: int) -> tuple[bytes, ...]:
        value = self._members.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise SnapshotError("snapshot_malformed", f"{name}: at most {most} were expected")
        if not all(isinstance(each, str) for each in value):
            raise SnapshotError("snapshot_malformed", f"{name}: base64url was expected")
        return tuple(map(base64url.decode, value))

    def tells(self, told: Mapping[str, object]) -> bool:
        return all(self._members.get(name) == value for name, value in told.items())


def _snapshot(claims: _Claims) -> Snapshot:
    block = claims.within("block")
    place = Place(
        claims.number("chain_id"),
        claims.text("genesis_hash"),
        claims.text("contract"),
        claims.text("code_hash"),
    )
    basis = Basis(
        version=claims.number("version"),
        block=block.number("number"),
        block_hash=block.text("hash", _HASH_CHARACTERS),
        time=block.number("time"),
    )
    documents = claims.pieces("documents", MAX_CHANGES)
    snapshot = Snapshot(
        publisher=claims.text("iss"),
        issued_at=claims.number("iat"),
        place=place,
        basis=basis,
        history=_hash(claims.text("history")),
        changes=tuple(map(Change.decode, claims.pieces("changes", MAX_CHANGES))),
        documents={sha256(each).digest(): each for each in documents},
        anchors=_anchors(claims),
    )
    if not claims.tells(snapshot.state.to_json()):
        raise SnapshotError("snapshot_records", "the records are not those that its changes make")
    return snapshot


def _hash(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != sha256().digest_size:
        raise SnapshotError("snapshot_malformed", "history: 32 bytes in hex were expected")
    return value


def _anchors(claims: _Claims) -> tuple[bytes, ...]:
    anchors: Sequence[bytes] = claims.pieces("anchors", MAX_ANCHORS)
    if any(len(each) > MAX_ANCHOR_BYTES for each in anchors):
        raise SnapshotError("snapshot_malformed", f"an anchor over {MAX_ANCHOR_BYTES} bytes")
    return tuple(anchors)

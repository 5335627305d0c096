"""Issue an SD-JWT (RFC 9901 section 6.1)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from madang.core.encoding import base64url
from madang.core.encoding.strict_json import dumps
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.model import (
    DEFAULT_HASH,
    ELLIPSIS,
    HASHES,
    NEVER_DISCLOSABLE,
    RESERVED,
    SD,
    SD_ALG,
    Path,
)
from madang.core.keys.signing import Signer

SALT_BYTES = 16


@dataclass(slots=True)
class SdFrame:
    """Which parts of a payload are selectively disclosable.

    Attributes:
        members: frame of each member or element that has or holds something disclosable;
            the key None stands for every element of an array.
        disclosable: whether this part itself is.
    """

    members: "dict[str | int | None, SdFrame]" = field(default_factory=dict)
    disclosable: bool = False

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "SdFrame":
        """Build a frame in which exactly the parts at `paths` are disclosable."""
        root = cls()
        for path in paths:
            frame = root
            for step in path:
                frame = frame.members.setdefault(step, cls())
            frame.disclosable = True
        return root


@dataclass(frozen=True, slots=True)
class Issued:
    """A new SD-JWT without key binding.

    Attributes:
        compact: issuer-signed JWT and all disclosures, each followed by "~".
        disclosures: all of them, encoded.
        issuer_digest: SHA-256 of the issuer-signed JWT, 32 bytes: what the log commits to.
    """

    compact: str
    disclosures: tuple[str, ...]
    issuer_digest: bytes


def salts_from(chance: bytes) -> Iterator[str]:
    """Cut bytes of chance into salts of 128 bits (RFC 9901 section 9.3)."""
    for at in range(0, len(chance) - SALT_BYTES + 1, SALT_BYTES):
        yield base64url.encode(chance[at : at + SALT_BYTES])


def issue(
    payload: Mapping[str, Any],
    frame: SdFrame,
    *,
    signer: Signer,
    header: Mapping[str, Any],
    salts: Iterator[str],
    hash_name: str = DEFAULT_HASH,
    decoys: int = 0,
) -> Issued:
    """Sign `payload` with the parts of `frame` turned into disclosures.

    Args:
        payload: the claims, all of them in clear.
        frame: which parts are selectively disclosable.
        signer: the issuer's key.
        header: JOSE header members besides `alg`.
        salts: one text of chance for each disclosure and decoy.
        hash_name: hash of the digests.
        decoys: digests without a disclosure added on the top level (section 4.2.5).

    Raises:
        SdJwtError: a registered claim that must stay in clear (SD-JWT VC section 3.2.2.2) is in
            the frame, the frame names what the payload lacks (or else it would go out in clear
            under its right name), the payload holds a reserved name, the hash is unknown, or the
            salts have run out or repeat.
    """
    _check(payload, frame)
    maker = _Maker(hash_name, salts)
    concealed = maker.members(payload, frame, decoys)
    if maker.disclosures or decoys:
        concealed[SD_ALG] = hash_name
    compact = jws.sign(dumps(concealed).encode(), header, signer)
    parts = "~".join([compact, *maker.disclosures, ""])
    digest = hashlib.sha256(compact.encode("ascii")).digest()
    return Issued(parts, tuple(maker.disclosures), digest)


def _check(payload: Mapping[str, Any], frame: SdFrame) -> None:
    if not NEVER_DISCLOSABLE.isdisjoint(frame.members):
        name = next(name for name in NEVER_DISCLOSABLE if name in frame.members)
        raise SdJwtError(
            "claim_must_stay_in_clear",
            "SD-JWT VC 3.2.2.2",
            f"{name} must not be selectively disclosable",
        )
    if SD_ALG in payload:
        raise _reserved(SD_ALG)
    _refuse_reserved(payload)


def _refuse_reserved(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Refuse names that mean digests, at any depth: a claim's value could pose as one."""
    inside = value
    if isinstance(value, (dict, Mapping)):
        for name in RESERVED:
            if name in value:
                raise _reserved(name)
        inside = value.values()
    for inner in inside:
        if isinstance(inner, (dict, list, tuple)):
            _refuse_reserved(inner)


def _reserved(name: str) -> SdJwtError:
    return SdJwtError("reserved_name", "RFC 9901 4.1", f"a claim is called {name!r}")


class _Maker:
    """Turns values into disclosures and digests, inner ones first."""

    def __init__(self, hash_name: str, salts: Iterator[str]) -> None:
        if hash_name not in HASHES:
            raise SdJwtError("unknown_sd_alg", "RFC 9901 4.1.1", f"no hash is called {hash_name!r}")
        self.disclosures: list[str] = []
        self._hash = HASHES[hash_name]
        self._salts = salts
        self._used: set[str] = set()

    def _conceal(self, value: Any, frame: SdFrame) -> Any:  # noqa: ANN401 - any JSON value
        if not frame.members:
            return value
        if isinstance(value, dict):
            return self.members(value, frame)
        if isinstance(value, list | tuple):
            return self._elements(value, frame)
        raise _mismatch(frame.members)

    def members(self, value: Mapping[str, Any], frame: SdFrame, decoys: int = 0) -> dict[str, Any]:
        """Return the object with its disclosable members replaced by digests."""
        absent = frame.members.keys() - value.keys()
        if absent:
            raise _mismatch(absent)
        clear: dict[str, Any] = {}
        digests = [self._digest(self._salt()) for _ in range(decoys)]
        for name, member in value.items():
            inner = frame.members.get(name)
            if inner is None:
                clear[name] = member
                continue
            content = self._conceal(member, inner)
            if inner.disclosable:
                digests.append(self._disclose(name, content))
            else:
                clear[name] = content
        if digests:
            # Sorted, so that the order tells nothing about the names (section 4.2.4.1).
            clear[SD] = sorted(digests)
        return clear

    def _elements(self, value: Sequence[Any], frame: SdFrame) -> list[Any]:
        absent = frame.members.keys() - {None, *range(len(value))}
        if absent:
            raise _mismatch(absent)
        every = frame.members.get(None)
        result: list[Any] = []
        for index, element in enumerate(value):
            inner = frame.members.get(index, every)
            if inner is None:
                result.append(element)
                continue
            content = self._conceal(element, inner)
            if inner.disclosable:
                content = {ELLIPSIS: self._disclose(None, content)}
            result.append(content)
        return result

    def _disclose(self, name: str | None, value: Any) -> str:  # noqa: ANN401 - any JSON value
        # Part by part: the encoder is much faster on a text than on an array that holds it.
        content = dumps(value) if name is None else f"{dumps(name)},{dumps(value)}"
        encoded = base64url.encode(f"[{dumps(self._salt())},{content}]".encode())
        self.disclosures.append(encoded)
        return self._digest(encoded)

    def _salt(self) -> str:
        salt = next(self._salts, None)
        if salt is None:
            raise SdJwtError("no_salt", "RFC 9901 4.2.1", "the salts have run out")
        if salt in self._used:
            # Whoever sees one disclosure could guess the others of the same salt.
            raise SdJwtError("salt_twice", "RFC 9901 9.3", "a salt came twice")
        self._used.add(salt)
        return salt

    def _digest(self, text: str) -> str:
        return base64url.encode(self._hash(text.encode("ascii")).digest())


def _mismatch(steps: Iterable[object]) -> SdJwtError:
    named = ", ".join(sorted(map(repr, steps)))
    return SdJwtError(
        "frame_mismatch", "RFC 9901 6.1", f"the frame names {named}, which the payload lacks there"
    )

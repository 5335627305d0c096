"""Issue an SD-JWT (RFC 9901 section 6.1)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.model import (
    DEFAULT_HASH,
    ELLIPSIS,
    HASHES,
    SD,
    SD_ALG,
    Path,
)
from madang.core.keys.signing import Signer

SALT_BYTES = 16
NEVER_DISCLOSABLE = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})


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
            the frame, the payload holds a reserved name, or the salts have run out.
    """
    _check(payload, frame)
    maker = _Maker(hash_name, salts)
    concealed = maker.members(payload, frame, decoys)
    if maker.disclosures or decoys:
        concealed[SD_ALG] = hash_name
    compact = jws.sign(strict_json.dumps(concealed).encode(), header, signer)
    parts = "~".join([compact, *maker.disclosures, ""])
    digest = hashlib.sha256(compact.encode("ascii")).digest()
    return Issued(parts, tuple(maker.disclosures), digest)


def _check(payload: Mapping[str, Any], frame: SdFrame) -> None:
    for name in NEVER_DISCLOSABLE & frame.members.keys():
        raise SdJwtError(
            "claim_must_stay_in_clear",
            "SD-JWT VC 3.2.2.2",
            f"{name} must not be selectively disclosable",
        )
    reserved = {SD, SD_ALG, ELLIPSIS} & payload.keys()
    if reserved:
        raise SdJwtError("reserved_name", "RFC 9901 4.1", f"a claim is called {reserved.pop()!r}")


class _Maker:
    """Turns values into disclosures and digests, inner ones first."""

    def __init__(self, hash_name: str, salts: Iterator[str]) -> None:
        self.disclosures: list[str] = []
        self._hash = HASHES[hash_name]
        self._salts = salts

    def _conceal(self, value: Any, frame: SdFrame) -> Any:  # noqa: ANN401 - any JSON value
        if not frame.members:
            return value
        if isinstance(value, Mapping):
            return self.members(value, frame)
        if isinstance(value, list | tuple):
            return self._elements(value, frame)
        return value

    def members(self, value: Mapping[str, Any], frame: SdFrame, decoys: int = 0) -> dict[str, Any]:
        """Return the object with its disclosable members replaced by digests."""
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

    def _elements(self, value: Iterable[Any], frame: SdFrame) -> list[Any]:
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
        salt = self._salt()
        array = [salt, value] if name is None else [salt, name, value]
        encoded = base64url.encode(strict_json.dumps(array).encode())
        self.disclosures.append(encoded)
        return self._digest(encoded)

    def _salt(self) -> str:
        salt = next(self._salts, None)
        if salt is None:
            raise SdJwtError("no_salt", "RFC 9901 4.2.1", "the salts have run out")
        return salt

    def _digest(self, text: str) -> str:
        return base64url.encode(self._hash(text.encode("ascii")).digest())

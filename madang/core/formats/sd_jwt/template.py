"""A payload (RFC 9901 section 4) encoded as far as neither salts nor a holder's key change it.

Copies of one credential differ in their salts, digests, key and status alone. What is the same in
all of them is made into JSON text once; each copy puts its own parts in between.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

from madang.core.encoding import base64url
from madang.core.encoding.strict_json import dumps, quote
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame, mismatch
from madang.core.formats.sd_jwt.model import ELLIPSIS, HASHES, SD, SD_ALG, digests_of

_PLACE_BYTES: Final = 4
_MEANT: Final = frozenset({SD, SD_ALG, ELLIPSIS})
"""Names that mean something in the format, and no claim at any depth (sections 4.1, 4.1.1)."""
_SIGNS: Final = ('"_sd', quote(ELLIPSIS))
"""Without these in its JSON text a value has none of those names."""


class Salts:
    """Hands out the salts of one issue, none twice, whichever copy asks."""

    def __init__(self, salts: Iterator[str]) -> None:
        self._salts = salts
        self._used: set[str] = set()

    def take(self, number: int) -> list[str]:
        """Return the next salts; SdJwtError when they have run out or repeat."""
        taken = list(islice(self._salts, number))
        if len(taken) < number:
            raise SdJwtError("no_salt", "RFC 9901 4.2.1", "the salts have run out")
        before = len(self._used)
        self._used.update(taken)
        if len(self._used) < before + number:
            # Whoever sees one disclosure could guess the others of the same salt.
            raise SdJwtError("salt_twice", "RFC 9901 9.3", "a salt came twice")
        return taken


class Maker:
    """Makes the disclosures of one copy, inner ones before those that hold their digests.

    Attributes:
        disclosures: lines of them, as `encode_lines` gives them.
        hashed: whether there is any digest.
    """

    def __init__(self, hash_name: str, salts: Salts) -> None:
        self.disclosures: list[bytes] = []
        self.hashed = False
        self._hash_name = hash_name
        self._salts = salts

    def disclose(self, contents: Sequence[str]) -> list[str]:
        """Return the digests of new disclosures.

        Args:
            contents: what follows the salt in each: `"name",value]` or `value]`.
        """
        salts = map(quote, self._salts.take(len(contents)))
        made = base64url.encode_lines(
            [f"[{salt},{content}".encode() for salt, content in zip(salts, contents, strict=True)]
        )
        self.disclosures.append(made)
        return self._digests(made.split())

    def decoys(self, number: int) -> list[tuple[str, str]]:
        """Return salts, which nobody sees, and their digests, which look like any others."""
        salts = self._salts.take(number)
        return list(zip(salts, self._digests([salt.encode() for salt in salts]), strict=True))

    def _digests(self, texts: Sequence[bytes]) -> list[str]:
        self.hashed = self.hashed or bool(texts)
        return digests_of(texts, self._hash_name)


class _Node(Protocol):
    """A value that turns into JSON text, its disclosable parts into digests."""

    def text(self, maker: Maker) -> str: ...


@dataclass(frozen=True, slots=True)
class _Clear:
    """A value in which nothing is disclosable."""

    encoded: str

    def text(self, _: Maker) -> str:
        return self.encoded


@dataclass(frozen=True, slots=True)
class _Object:
    """An object.

    Attributes:
        clear: members in clear, without the braces.
        leaves: disclosable members that hold nothing disclosable, as `Maker.disclose` takes them.
        nested: the other members that the frame names: name as text, value, whether disclosable.
        decoys: how many.
    """

    clear: str
    leaves: tuple[str, ...]
    nested: tuple[tuple[str, _Node, bool], ...]
    decoys: int

    def text(self, maker: Maker) -> str:
        return f"{{{','.join(self.parts(maker))}}}"

    def parts(self, maker: Maker) -> list[str]:
        shown = [self.clear] if self.clear else []
        contents = [*self.leaves]
        for name, node, disclosable in self.nested:
            text = node.text(maker)
            if disclosable:
                contents.append(f"{name},{text}]")
            else:
                shown.append(f"{name}:{text}")
        digests = maker.disclose(contents)
        if self.decoys:
            digests += [digest for _, digest in maker.decoys(self.decoys)]
        if digests:
            # Sorted, so that the order tells nothing about the names (section 4.2.4.1).
            shown.append('"{}":["{}"]'.format(SD, '","'.join(sorted(digests))))
        return shown


@dataclass(frozen=True, slots=True)
class _Array:
    """An array: its elements, whether each is disclosable, and how many decoys stand between."""

    elements: tuple[tuple[_Node, bool], ...]
    decoys: int

    def text(self, maker: Maker) -> str:
        texts = [(node.text(maker), disclosable) for node, disclosable in self.elements]
        digests = iter(maker.disclose([f"{text}]" for text, disclosable in texts if disclosable]))
        shown = [_digest(next(digests)) if disclosable else text for text, disclosable in texts]
        for salt, digest in maker.decoys(self.decoys):
            # By the salt and not by the digest: no reader can tell which places were chosen.
            chance = hashlib.sha256(f"place {salt}".encode()).digest()[:_PLACE_BYTES]
            shown.insert(int.from_bytes(chance, "big") % (len(shown) + 1), _digest(digest))
        return f"[{','.join(shown)}]"


def _digest(digest: str) -> str:
    return f'{{"{ELLIPSIS}":"{digest}"}}'


class Template:
    """A payload and its frame, ready to be filled in for any number of copies.

    Args:
        payload: the claims that all copies have, in clear.
        frame: which parts are selectively disclosable.
        hash_name: hash of the digests.

    Raises:
        SdJwtError: the frame names what the payload lacks, a claim has a reserved name, or the
            hash is unknown.
    """

    __slots__ = ("_hash_name", "_root")

    def __init__(self, payload: Mapping[str, Any], frame: SdFrame, hash_name: str) -> None:
        if hash_name not in HASHES:
            raise SdJwtError("unknown_sd_alg", "RFC 9901 4.1.1", f"no hash is called {hash_name!r}")
        self._hash_name = hash_name
        self._root = _object(payload, frame)

    def fill(self, own: str, salts: Salts) -> tuple[str, str]:
        """Return the payload of one copy as JSON text, and its disclosures, each with "~" behind.

        Args:
            own: claims of this copy alone, as `member` gives them, with commas between.
            salts: where its salts come from.
        """
        maker = Maker(self._hash_name, salts)
        parts = self._root.parts(maker)
        if own:
            parts.append(own)
        if maker.hashed:
            parts.append(f'"{SD_ALG}":"{self._hash_name}"')
        disclosures = b"".join(maker.disclosures).replace(b"\n", b"~").decode("ascii")
        return f"{{{','.join(parts)}}}", disclosures


def _node(value: Any, frame: SdFrame) -> _Node:  # noqa: ANN401 - any JSON value
    if not frame.members and not frame.decoys:
        return _Clear(_encoded(value))
    if isinstance(value, dict):
        return _object(value, frame)
    if isinstance(value, list | tuple):
        return _array(value, frame)
    raise mismatch(frame.members or ["decoys"])


def _object(value: Mapping[str, Any], frame: SdFrame) -> _Object:
    named = frame.members
    if not named.keys() <= value.keys():
        raise mismatch(named.keys() - value.keys())
    leaves, nested = [], []
    for step, inner in named.items():
        name = str(step)
        if name in _MEANT:
            raise reserved(name)
        if inner.members or inner.decoys or not inner.disclosable:
            nested.append((quote(name), _node(value[name], inner), inner.disclosable))
        else:
            leaves.append(f"{quote(name)},{_encoded(value[name])}]")
    clear = {name: member for name, member in value.items() if name not in named}
    return _Object(_encoded(clear)[1:-1], tuple(leaves), tuple(nested), frame.decoys)


def _array(value: Sequence[Any], frame: SdFrame) -> _Array:
    absent = frame.members.keys() - {None, *range(len(value))}
    if absent:
        raise mismatch(absent)
    every = frame.members.get(None, SdFrame())
    inner = [frame.members.get(index, every) for index in range(len(value))]
    elements = ((_node(e, f), f.disclosable) for e, f in zip(value, inner, strict=True))
    return _Array(tuple(elements), frame.decoys)


def _encoded(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value as JSON text; it must not pose as digests at any depth."""
    text = dumps(value)
    if _SIGNS[0] in text or _SIGNS[1] in text:
        _refuse_reserved(value)
    return text


def member(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a member of an object as JSON text; SdJwtError for one that could pose as digests."""
    if name in _MEANT:
        raise reserved(name)
    return f"{quote(name)}:{_encoded(value)}"


def _refuse_reserved(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Refuse names that mean digests at any depth; as a value such a text is harmless."""
    if isinstance(value, dict):
        for name in _MEANT & value.keys():
            raise reserved(name)
    if isinstance(value, (dict, list, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            _refuse_reserved(inner)


def reserved(name: str) -> SdJwtError:
    """Return the refusal of a claim whose name has a meaning in the format."""
    return SdJwtError("reserved_name", "RFC 9901 4.1", f"a claim is called {name!r}")

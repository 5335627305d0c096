"""Signed notes (C2SP signed-note) with Ed25519, and the keys that check them.

A note is text, an empty line, and signature lines. Signatures of unknown keys are left
alone; one that claims a known key and does not check spoils the note.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from madang.core.encoding import base64url
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer, checker_for

ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
ML_DSA_44_COSIGNATURE = 0x06
"""Signature types; cosignatures are those of `merkle.cosignature`."""
MAX_NOTE_BYTES = 64 * 1024
MAX_SIGNATURES = 64

_KEY_ID_SIZE = 4
_SIGNATURE_LINE = re.compile(r"— (?P<name>\S+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")


class NoteError(ValueError):
    """Bytes that are no signed note, no checkpoint, or no key of one."""


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who says so, with which key, and the raw signature."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the signature line with its newline."""
        return f"— {self.name} {encode_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note; nothing in it is to be believed before `signed_by` said yes.

    Attributes:
        text: the signed text, with its last newline.
        signatures: the signature lines in order.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def serialize(self) -> str:
        """Return the note as it is published."""
        return self.text + "\n" + "".join(each.line() for each in self.signatures)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 key under a name, written `<name>+<key id>+<base64 key>`.

    Attributes:
        name: for a log, its origin.
        public_key: the 32 bytes of RFC 8032.

    Raises:
        NoteError: when the name has spaces or plus signs, or the key is not 32 bytes.
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != 32:  # noqa: PLR2004 - the size of an Ed25519 key
            raise NoteError(f"an Ed25519 key has 32 bytes, got {len(self.public_key)}")

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that stand before each signature of this key."""
        return key_id(self.name, ED25519, self.public_key)

    def encode(self) -> str:
        """Return the key in the form in which logs publish it."""
        return encode_key(self.name, ED25519, self.public_key)

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a key in its published form.

        Raises:
            NoteError: when the form, the algorithm or the key id is another.
        """
        name, _, public_key = decode_key(text, ED25519)
        return cls(name, public_key)

    @classmethod
    def of(cls, name: str, signer: Signer) -> "VerifierKey":
        """Return the key by which notes of `signer` under `name` are checked.

        Raises:
            NoteError: when the signer's key is not Ed25519.
        """
        jwk = signer.public_key.to_jwk()
        if jwk.get("crv") != "Ed25519":
            raise NoteError(f"{name} signs notes with {signer.algorithm}, expected Ed25519")
        return cls(name, base64url.decode(jwk["x"]))

    def check(self, signature: bytes, text: str) -> bool:
        """Return whether this key made the signature over the text."""
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(self.public_key)}
        return checker_for(PublicKey.from_jwk(jwk)).check(signature, text.encode())


def check_name(name: str) -> None:
    """Refuse with a NoteError what cannot be the name of a key."""
    if not _NAME.fullmatch(name):
        raise NoteError(f"key name {name[:80]!r} is empty or has a space or a plus sign")


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """Return the 4 bytes that name a key of a signature type beside its name."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:_KEY_ID_SIZE]


def encode_key(name: str, kind: int, public_key: bytes) -> str:
    """Return a key of a signature type in the form in which it is published."""
    encoded = encode_base64(bytes([kind]) + public_key)
    return f"{name}+{key_id(name, kind, public_key).hex()}+{encoded}"


def decode_key(text: str, *kinds: int) -> tuple[str, int, bytes]:
    """Return name, signature type and bytes of a published key of one of these types.

    Raises:
        NoteError: when the form, the type or the key id is another.
    """
    # The base64 part may hold plus signs, the name and the id may not.
    name, _, rest = text.partition("+")
    check_name(name)
    told, _, encoded = rest.partition("+")
    raw = decode_base64(encoded)
    kind = next((each for each in kinds if raw[:1] == bytes([each])), None)
    if kind is None:
        expected = " or ".join(f"{each:02x}" for each in kinds)
        raise NoteError(
            f"key algorithm {raw[:1].hex() or 'none'} in {name[:80]!r}, expected {expected}"
        )
    own = key_id(name, kind, raw[1:]).hex()
    if told != own:
        raise NoteError(f"key id {told[:16]!r} of {name[:80]!r}, expected {own}")
    return name, kind, raw[1:]


def sign_text(text: str, name: str, signer: Signer) -> NoteSignature:
    """Return the signature line of an Ed25519 signer over a text that ends in a newline.

    Raises:
        NoteError: when the text cannot stand in a note or the key is not Ed25519.
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteError("the text of a note ends in a newline and has no control characters")
    key = VerifierKey.of(name, signer)
    return NoteSignature(name, key.key_id, signer.sign(text.encode()))


def parse_note(data: str | bytes, *, max_bytes: int = MAX_NOTE_BYTES) -> Note:
    """Take a note apart; no signature is checked here.

    Raises:
        NoteError: when the bytes are no note, or too many.
    """
    text = _decode(data, max_bytes)
    body, separator, lines = text.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise NoteError("a note is text, an empty line and signature lines, each with a newline")
    signatures = tuple(_parse_line(line) for line in lines[:-1].split("\n"))
    if len(signatures) > MAX_SIGNATURES:
        raise NoteError(f"a note with {len(signatures)} signatures, at most {MAX_SIGNATURES}")
    return Note(body + "\n", signatures)


def signed_by(note: Note, key: VerifierKey) -> bool:
    """Return whether the key signed the note, and no signature in its name is false."""
    own = [each for each in note.signatures if (each.name, each.key_id) == (key.name, key.key_id)]
    return bool(own) and all(key.check(each.signature, note.text) for each in own)


def with_signatures(note: Note, added: Iterable[NoteSignature]) -> Note:
    """Return the note with further signatures, such as those of witnesses; none twice."""
    fresh = [each for each in added if each not in note.signatures]
    return Note(note.text, (*note.signatures, *fresh))


def _decode(data: str | bytes, max_bytes: int) -> str:
    try:
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > max_bytes:
            raise NoteError(f"a note of {len(raw)} bytes, at most {max_bytes} are read")
        text = raw.decode()
    except UnicodeError as error:
        raise NoteError("a note is UTF-8, other bytes came") from error
    if _CONTROL.search(text):
        raise NoteError("a note has no control characters but newlines")
    return text


def _parse_line(line: str) -> NoteSignature:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None or not _NAME.fullmatch(match["name"]):
        raise NoteError(f"signature line {line[:80]!r}, expected '— <name> <base64>'")
    raw = decode_base64(match["signature"])
    if len(raw) <= _KEY_ID_SIZE:
        raise NoteError(f"the signature of {match['name'][:80]!r} is empty")
    return NoteSignature(match["name"], raw[:_KEY_ID_SIZE], raw[_KEY_ID_SIZE:])


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """Read canonical standard base64.

    Raises:
        NoteError: for anything else.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{text[:80]!r} is not base64") from error
    if encode_base64(raw) != text:
        raise NoteError(f"{text[:80]!r} is not canonical base64")
    return raw

"""A second signature beside a published document, by ML-DSA (FIPS 204, ADR 0020).

A compact JWS of ML-DSA in a file of its own. Whoever does not know it loses nothing: the document
keeps its bytes and its own signature. The format is described in docs/formats/second-signature.md.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.jwk import ML_DSA_44, ML_DSA_65, PublicKey
from madang.core.keys.signing import Signer, checker_for

TYPE: Final = "madang-second-signature+jwt"
MEDIA_TYPE: Final = "application/madang-second-signature+jwt"
ALGORITHMS: Final = (ML_DSA_44, ML_DSA_65)
STATUS_LIST: Final = "status_list"
ACCREDITATIONS: Final = "accreditations"
MAX_BYTES: Final = 16_000
MAX_ADDRESS: Final = 2_048
MAX_SKEW: Final = 60

_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SIZES: Final = (("sha-256", 32), ("sha-512", 64))


@dataclass(frozen=True, slots=True)
class Statement:
    """What a second signature says.

    Attributes:
        kind: what the document is, such as "status_list".
        address: where it is published, or the origin that it speaks for.
        sha256: of its bytes as published, 32 bytes.
        sha512: of the same, 64 bytes.
        issued_at: when it was signed again, seconds since the epoch.
    """

    kind: str
    address: str
    sha256: bytes
    sha512: bytes
    issued_at: int


@dataclass(frozen=True, slots=True)
class LoggedKey:
    """A key as the log has it; one that was given up as compromised counts for no time at all.

    Attributes:
        key: ML-DSA.
        not_before: when it was published, seconds since the epoch.
        not_after: when it was retired; None while it is in use.
    """

    key: PublicKey
    not_before: int
    not_after: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed step.

    Attributes:
        code: fixed word, such as "signature".
        step: its number in docs/formats/second-signature.md.
        detail: what came and what was expected.
    """

    code: str
    step: int
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one document.

    Attributes:
        statement: what the signature says; None when it cannot be read.
        failures: none when the document is the one that was signed, by a key of its time.
    """

    statement: Statement | None
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed."""
        return not self.failures


def make(document: bytes, *, kind: str, address: str, issued_at: int, signer: Signer) -> str:
    """Return the second signature, a compact JWS.

    Args:
        document: its bytes as published.
        kind: what it is, in small letters.
        address: where it is published, or the origin that it speaks for.
        issued_at: seconds since the epoch.
        signer: of ML-DSA; its key is named by its thumbprint.

    Raises:
        EnvelopeError: another algorithm, or a kind or an address that could not be read back.
    """
    if signer.algorithm not in ALGORITHMS:
        raise EnvelopeError(f"{signer.algorithm} makes no second signature, {ALGORITHMS} do")
    payload = strict_json.dumps(
        {
            "kind": kind,
            "sub": address,
            "iat": issued_at,
            "sha-256": base64url.encode(hashlib.sha256(document).digest()),
            "sha-512": base64url.encode(hashlib.sha512(document).digest()),
        }
    ).encode()
    header = {"typ": TYPE, "kid": signer.public_key.thumbprint()}
    compact = jws.sign(payload, header, signer)
    statement(jws.parse(compact, max_bytes=MAX_BYTES))
    return compact


def statement(parsed: Jws) -> Statement:
    """Return what a second signature says, which nobody checked yet.

    Raises:
        EnvelopeError: a claim is missing or of another form.
    """
    claims = jws.claims(parsed)
    kind, address, issued_at = claims.get("kind"), claims.get("sub"), claims.get("iat")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise EnvelopeError("kind is not a word in small letters")
    if not isinstance(address, str) or not 0 < len(address) <= MAX_ADDRESS:
        raise EnvelopeError(f"sub is not text of at most {MAX_ADDRESS} characters")
    if not isinstance(issued_at, int) or isinstance(issued_at, bool) or issued_at < 0:
        raise EnvelopeError("iat is not a whole number of seconds since 1970")
    sha256, sha512 = (_digest(claims, name, size) for name, size in _SIZES)
    return Statement(kind, address, sha256, sha512, issued_at)


def verify(
    document: bytes,
    compact: str | bytes,
    *,
    kind: str,
    address: str,
    keys: Sequence[LoggedKey],
    now: int,
    max_bytes: int = MAX_BYTES,
) -> Verdict:
    """Verify a second signature and report every failed step.

    The steps: 1. form, 2. type, 3. algorithm, 4. a logged key, 5. signature, 6. the key in its
    time, 7. kind, 8. address, 9. both digests, 10. time. What cannot be read ends with step 1.

    Args:
        document: its bytes as published.
        compact: the second signature.
        kind: what the document should be.
        address: where it should have been published.
        keys: the keys of whoever published it, as the log has them.
        now: seconds since the epoch.
        max_bytes: the longest signature accepted, in characters.
    """
    try:
        parsed = jws.parse(compact, max_bytes=max_bytes)
        said = statement(parsed)
    except EnvelopeError as error:
        return Verdict(None, (Failure("malformed", 1, str(error)),))
    failed = [
        *_header(parsed),
        *_signed(parsed, said, keys),
        *_about(said, kind, address),
        *_bytes(said, document),
    ]
    if said.issued_at > now + MAX_SKEW:
        failed.append(Failure("not_yet_valid", 10, "iat lies ahead"))
    return Verdict(said, tuple(failed))


def _digest(claims: dict[str, Any], name: str, size: int) -> bytes:
    text = claims.get(name)
    try:
        value = base64url.decode(text) if isinstance(text, str) else b""
    except ValueError as error:
        raise EnvelopeError(f"{name} is not base64url") from error
    if len(value) != size:
        raise EnvelopeError(f"{name} is no digest of {size} bytes")
    return value


def _header(parsed: Jws) -> Iterator[Failure]:
    typ, alg = parsed.header.get("typ"), parsed.header["alg"]
    if typ != TYPE:
        yield Failure("typ", 2, f"typ {typ!r}, expected {TYPE!r}")
    if alg not in ALGORITHMS:
        yield Failure("alg", 3, f"alg {alg!r}, expected one of {', '.join(ALGORITHMS)}")


def _signed(parsed: Jws, said: Statement, keys: Sequence[LoggedKey]) -> Iterator[Failure]:
    kid = parsed.header.get("kid")
    logged = next((each for each in keys if each.key.thumbprint() == kid), None)
    if logged is None or logged.key.algorithm not in ALGORITHMS:
        yield Failure("key", 4, "kid is the thumbprint of no logged key of ML-DSA")
        return
    if not jws.verify(parsed, checker_for(logged.key)):
        yield Failure("signature", 5, "not signed by the key that kid names")
    if said.issued_at < logged.not_before:
        yield Failure("key_not_yet_published", 6, "iat lies before the key was in the log")
    if logged.not_after is not None and said.issued_at > logged.not_after:
        yield Failure("key_retired", 6, "iat lies after the key was retired")


def _about(said: Statement, kind: str, address: str) -> Iterator[Failure]:
    if said.kind != kind:
        yield Failure("kind", 7, f"a signature of {said.kind!r}, expected {kind!r}")
    if said.address != address:
        yield Failure("address", 8, "sub is not the address of this document")


def _bytes(said: Statement, document: bytes) -> Iterator[Failure]:
    if said.sha256 != hashlib.sha256(document).digest():
        yield Failure("sha-256", 9, "the document has another SHA-256")
    if said.sha512 != hashlib.sha512(document).digest():
        yield Failure("sha-512", 9, "the document has another SHA-512")

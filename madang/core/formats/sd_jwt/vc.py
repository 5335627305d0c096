"""Verify an SD-JWT VC: form, issuer, time, type, holder (SD-JWT VC section 3, RFC 9901 7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from madang.core.envelope import jws
from madang.core.formats.sd_jwt import key_binding, type_rules
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.json_form import from_text, to_compact
from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.formats.sd_jwt.model import NEVER_DISCLOSABLE, SdJwt
from madang.core.formats.sd_jwt.model import parse as parse_sd_jwt
from madang.core.formats.sd_jwt.type_extension import Lookup, resolve
from madang.core.formats.sd_jwt.type_rules import Seen
from madang.core.formats.sd_jwt.verdict import Failure, Verdict
from madang.core.formats.sd_jwt.verify import Unfolded
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for

TYPE = "dc+sd-jwt"
MAX_SKEW = 60


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a verifier expects of a credential.

    Attributes:
        vct: accepted types, each in full; None accepts any.
        issuer: the issuer whose key is given; None when the key alone decides.
        binding: what the key binding must say; None when none is required.
        max_skew: seconds by which clocks may differ.
        types: gives the Type Metadata documents; None when types are not held to their rules.
    """

    vct: tuple[str, ...] | frozenset[str] | None = None
    issuer: str | None = None
    binding: BindingExpectation | None = None
    max_skew: int = MAX_SKEW
    types: Lookup | None = None


def verify_text(
    text: str | Mapping[str, Any],
    expected: Expectation,
    *,
    issuer_key: PublicKey | None,
    now: int,
) -> Verdict:
    """Parse and verify; what is no SD-JWT gives a verdict too.

    Args:
        text: the compact form, or a JSON form (RFC 9901 section 8) as text or already parsed.
        expected: what the verifier expects.
        issuer_key: the key that trust was established in; None when there is none.
        now: seconds since the epoch.
    """
    try:
        sd_jwt = parse_sd_jwt(_compact(text))
        _ = sd_jwt.hash_name
    except SdJwtError as error:
        return Verdict({}, (Failure(error.code, error.clause, error.detail),))
    return verify_vc(sd_jwt, expected, issuer_key=issuer_key, now=now)


def _compact(text: str | Mapping[str, Any]) -> str:
    """Return the compact form of whatever form came."""
    if isinstance(text, str):
        return from_text(text) if text.lstrip().startswith("{") else text
    return to_compact(dict(text))


def verify_vc(
    sd_jwt: SdJwt, expected: Expectation, *, issuer_key: PublicKey | None, now: int
) -> Verdict:
    """Verify a parsed credential and report every failed step.

    The steps, in the order of RFC 9901 section 7.3 and SD-JWT VC section 3.4:
    1. header, 2. issuer signature, 3. disclosures, and none of a claim that must stay in clear,
    4. times and audience, 5. type and issuer, 6. the rules of the type, 7. holder key, 8. key
    binding. Its status is the caller's to check.

    Args:
        sd_jwt: a parsed credential with a known `_sd_alg`.
        expected: what the verifier expects.
        issuer_key: the key that trust was established in; None when there is none.
        now: seconds since the epoch.
    """
    failed: list[Failure] = []
    failed += _header(sd_jwt)
    failed += _issuer_signature(sd_jwt, issuer_key)
    claims: dict[str, Any] = {}
    unfolded = None
    try:
        unfolded = Unfolded(sd_jwt)
        claims = unfolded.payload
        failed += _in_clear(unfolded)
    except SdJwtError as error:
        failed.append(Failure(error.code, error.clause, error.detail))
    # iat and aud may be disclosed; what could not be processed is judged as it was signed.
    seen = claims or sd_jwt.payload
    failed += _times(seen, expected.max_skew, now)
    failed += _audience(seen, expected.binding)
    failed += _type_and_issuer(sd_jwt.payload, expected)
    if expected.types is not None and unfolded is not None:
        failed += _rules(sd_jwt.payload, unfolded, expected.types)
    holder = None
    if expected.binding is not None:
        holder, unreadable = _holder_key(sd_jwt.payload)
        failed += unreadable
        failed += key_binding.failures(sd_jwt, expected.binding, key=holder, now=now)
    return Verdict(claims, tuple(failed), holder, unfolded)


def _header(sd_jwt: SdJwt) -> Iterator[Failure]:
    typ = sd_jwt.issuer_jws.header.get("typ")
    if typ != TYPE:
        yield Failure("issuer_typ", "SD-JWT VC 3.2.1", f"typ {typ!r}, expected {TYPE!r}")


def _issuer_signature(sd_jwt: SdJwt, key: PublicKey | None) -> Iterator[Failure]:
    clause = "RFC 9901 7.1"
    if key is None:
        yield Failure("issuer_key", "SD-JWT VC 3.5", "no trusted key of the issuer")
        return
    alg = sd_jwt.issuer_jws.header["alg"]
    if alg != key.algorithm:
        yield Failure("issuer_alg", clause, f"alg {alg!r}, the key's {key.algorithm} was expected")
    elif not jws.verify(sd_jwt.issuer_jws, checker_for(key)):
        yield Failure("issuer_signature", clause, "not signed by the issuer's key")


def _in_clear(unfolded: Unfolded) -> Iterator[Failure]:
    """A holder could withhold such a claim, so its place is not among the disclosures."""
    for name in sorted(NEVER_DISCLOSABLE & {path[0] for path, _ in unfolded.places}):
        yield Failure(
            "claim_must_stay_in_clear", "SD-JWT VC 3.2.2.2", f"{name} came in a disclosure"
        )


def _times(payload: dict[str, Any], skew: int, now: int) -> Iterator[Failure]:
    clause = "RFC 7519 4.1"
    for name in ("exp", "nbf", "iat"):
        value = payload.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            yield Failure("malformed_time", clause, f"{name} is not a whole number")
        elif name == "exp" and now >= value + skew:
            yield Failure("expired", clause, "the credential has expired")
        elif name != "exp" and value > now + skew:
            yield Failure("not_yet_valid", clause, f"{name} lies ahead")


def _audience(payload: dict[str, Any], binding: BindingExpectation | None) -> Iterator[Failure]:
    """A credential for some alone is not for others, nor for who has no name (RFC 7519 4.1.3)."""
    if "aud" not in payload:
        return
    aud = payload["aud"]
    if binding is None or binding.audience not in (aud if isinstance(aud, list) else [aud]):
        yield Failure("audience", "RFC 7519 4.1.3", "aud does not name this verifier")


def _type_and_issuer(payload: dict[str, Any], expected: Expectation) -> Iterator[Failure]:
    vct = payload.get("vct")
    if not isinstance(vct, str):
        yield Failure("vct_missing", "SD-JWT VC 3.2.2.1", "vct is missing or not text")
    elif expected.vct is not None and vct not in expected.vct:
        yield Failure("vct", "SD-JWT VC 3.2.2.1", "vct is none of the accepted types")
    if expected.issuer is not None and payload.get("iss") != expected.issuer:
        yield Failure("issuer", "SD-JWT VC 3.2.2.2", "iss is not the expected issuer")


def _rules(payload: dict[str, Any], unfolded: Unfolded, types: Lookup) -> Iterator[Failure]:
    vct, integrity = payload.get("vct"), payload.get("vct#integrity")
    if not isinstance(vct, str):
        return  # told by the step before
    if integrity is not None and not isinstance(integrity, str):
        clause = "SD-JWT VC Document Integrity"
        yield Failure("malformed_integrity", clause, "vct#integrity is not text")
        return
    try:
        metadata = resolve(vct, types, expected=integrity)
    except SdJwtError as error:
        yield Failure(error.code, error.clause, error.detail)
        return
    yield from type_rules.failures(metadata, Seen.of(unfolded))


def _holder_key(payload: dict[str, Any]) -> tuple[PublicKey | None, tuple[Failure, ...]]:
    try:
        return key_binding.holder_key(payload), ()
    except KeyFormatError as error:
        return None, (Failure("holder_key", "SD-JWT VC 3.2.2.2", str(error)),)

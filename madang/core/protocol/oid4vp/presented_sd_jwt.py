"""Steps 2 to 5 for an SD-JWT VC (RFC 9901 section 7.3, OpenID4VP 1.0 appendix B.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.formats.sd_jwt import vc, verify
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.formats.sd_jwt.model import SdJwt, parse
from madang.core.formats.sd_jwt.verdict import Failure, Verdict
from madang.core.formats.sd_jwt.verify import Unfolded
from madang.core.protocol.dcql.credential import Credential, Fit
from madang.core.protocol.dcql.model import CredentialQuery
from madang.core.protocol.oid4vp.presented import (
    NOTHING,
    STATUS_CLAUSE,
    UNAUTHENTIC,
    Authorized,
    Examination,
    Policy,
    Presented,
    held_against,
    misplaced_status,
    not_offered,
    unreadable,
)
from madang.core.protocol.oid4vp.type_check import type_failures
from madang.core.protocol.oid4vp.verdict import StatusReference, StatusSource, Step, StepFailure
from madang.core.status import token_status_list
from madang.core.status.errors import StatusError
from madang.core.trust.foreign import SignedBy
from madang.core.trust.registry import TrustError

PROTOCOL_CLAIMS: Final = frozenset(
    {"iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "sub"}
)
"""Claims that are about the credential and not about its subject."""

_OF_HOLDER: Final = "holder_key"
_OF_BINDING: Final = "key_binding_"


def examine_sd_jwt(text: str, held: Examination) -> Presented:
    """Go through steps 2 to 5 for one presentation; whatever fails becomes a failure."""
    query, policy, limits = held.query, held.policy, held.limits
    try:
        sd_jwt = parse(text, max_bytes=limits.jwe_bytes, max_disclosures=limits.disclosures)
        _ = sd_jwt.hash_name
        chain = jws.decode_chain(sd_jwt.issuer_jws.header)
    except SdJwtError as error:
        return unreadable(query, error.code, error.clause, error.detail)
    except EnvelopeError as error:
        return unreadable(query, "issuer_chain", "RFC 7515 4.1.6", str(error))
    payload = sd_jwt.payload
    signed_by, distrust = _signer(payload, chain, policy)
    required = query.require_cryptographic_holder_binding
    bound = required or sd_jwt.key_binding is not None
    verdict = _verdict(sd_jwt, signed_by, held, bound=bound)
    authentic = not any(failure.code in UNAUTHENTIC for failure in verdict.failures)
    found = [StepFailure(Step.ISSUER, *distrust, query.id)] if distrust else []
    found += _steps(verdict.failures, query.id)
    issuer_key = None if signed_by is None else signed_by.key
    found += not_offered(query.id, issuer_key, verdict.holder_key)
    if authentic and verdict.unfolded is not None:
        found += _steps(_broken(sd_jwt.payload, verdict.unfolded, policy), query.id)
    status, misplaced = _status(payload, signed_by, policy) if authentic else (None, None)
    found += [StepFailure(Step.STATUS, *misplaced, query.id)] if misplaced else []
    issuer = None if signed_by is None or not authentic else signed_by.issuer
    authorities = held.authorities_of(issuer, chain, sd_jwt.issuer_jws.header.get("trust_chain"))
    fit, released = _answers(sd_jwt, verdict, chain, query, authorities)
    return Presented(
        query_id=query.id,
        format=SD_JWT_VC,
        type=_text(payload, "vct"),
        issuer=_text(payload, "iss") if signed_by is None else signed_by.issuer,
        fit=fit,
        released=released,
        holder=None if verdict.holder_key is None else verdict.holder_key.thumbprint(),
        bound=bound,
        authorized=_authorized(sd_jwt) if held.asked.transaction_data else NOTHING,
        issuer_digest=sd_jwt.issuer_digest,
        issued_at=_time(payload, "iat"),
        expires_at=_time(payload, "exp"),
        status=status,
        failures=tuple(sorted(found, key=lambda failure: failure.step)),
    )


def _answers(
    sd_jwt: SdJwt,
    verdict: Verdict,
    chain: tuple[bytes, ...],
    query: CredentialQuery,
    authorities: Mapping[str, frozenset[str]],
) -> tuple[Fit | None, Mapping[str, object]]:
    """Return how a credential that could be processed fits its query, and what to release."""
    if not verdict.claims or verdict.unfolded is None:
        return None, {}
    vct = _text(sd_jwt.payload, "vct")
    credential = Credential(
        SD_JWT_VC,
        frozenset() if vct is None else frozenset({vct}),
        verdict.claims,
        holder_bound=True,
        chain=chain,
        positions=verdict.unfolded.positions,
        authorities=authorities,
    )
    return held_against(query, credential, _always(sd_jwt) if query.claims is None else {})


def _verdict(
    sd_jwt: SdJwt, signed_by: SignedBy | None, held: Examination, *, bound: bool
) -> Verdict:
    asked, policy = held.asked, held.policy
    binding = BindingExpectation(asked.audience, asked.nonce, policy.max_age, policy.max_skew)
    expected = vc.Expectation(binding=binding if bound else None, max_skew=policy.max_skew)
    key = None if signed_by is None else signed_by.key
    return vc.verify_vc(sd_jwt, expected, issuer_key=key, now=policy.now)


def _steps(failures: tuple[Failure, ...], query_id: str) -> Iterator[StepFailure]:
    for failure in failures:
        if failure.code == "issuer_key":
            continue  # step 3 has named it
        of_holder = failure.code.startswith(_OF_BINDING) or failure.code == _OF_HOLDER
        step = Step.BINDING if of_holder else Step.CREDENTIAL
        yield StepFailure(step, failure.code, failure.clause, failure.detail, query_id)


def _signer(
    payload: Mapping[str, Any], chain: tuple[bytes, ...], policy: Policy
) -> tuple[SignedBy | None, tuple[str, str, str] | None]:
    """Return who signed, or code, clause and detail of the distrust; ``jwk`` never counts."""
    vct, issuer, issued_at = payload.get("vct"), payload.get("iss"), payload.get("iat")
    told = isinstance(issuer, str) or (issuer is None and policy.trust.is_foreign(str(vct)))
    if not isinstance(vct, str) or not told:
        return None, ("issuer_missing", "SD-JWT VC 3.2.2", "vct and iss should be strings")
    at = issued_at if type(issued_at) is int else policy.now
    # What a standard defines, and others issue too, are mdocs: by their rules, and not by ours.
    trust = replace(policy.trust, shared=frozenset())
    try:
        return trust.signer(vct, issuer, chain, at=at, now=policy.now), None
    except TrustError as error:
        return None, (error.code, "HAIP 1.0 6.1.1", str(error))


def _broken(payload: Mapping[str, Any], unfolded: Unfolded, policy: Policy) -> tuple[Failure, ...]:
    known = policy.types.get(payload["vct"])
    return () if known is None else tuple(type_failures(payload, unfolded, known))


def _always(sd_jwt: SdJwt) -> dict[str, object]:
    always = verify.process(replace(sd_jwt, disclosures=()))
    return {name: value for name, value in always.items() if name not in PROTOCOL_CLAIMS}


def _status(
    payload: Mapping[str, Any], signed_by: SignedBy | None, policy: Policy
) -> tuple[StatusReference | None, tuple[str, str, str] | None]:
    try:
        place = token_status_list.reference(payload)
    except StatusError as error:
        return None, (error.code, STATUS_CLAUSE, str(error))
    uri, index = place or (None, 0)
    misplaced = misplaced_status(uri, payload["vct"], policy)
    if misplaced is not None or uri is None or signed_by is None:
        return None, misplaced
    return StatusReference(StatusSource(uri, payload["vct"], signed_by.issuer), index), None


def _authorized(sd_jwt: SdJwt) -> Authorized:
    """Return what the key binding says of transactions; its signature is judged elsewhere."""
    try:
        claims = jws.claims(jws.parse(sd_jwt.key_binding or ""))
    except EnvelopeError:
        return NOTHING
    digests, algorithm = (claims.get(f"transaction_data_hashes{end}") for end in ("", "_alg"))
    texts = digests if isinstance(digests, list) else []
    return Authorized(
        tuple(each if isinstance(each, str) else "" for each in texts),
        None if algorithm is None else str(algorithm),
    )


def _text(payload: Mapping[str, Any], name: str) -> str | None:
    value = payload.get(name)
    return value if isinstance(value, str) else None


def _time(payload: Mapping[str, Any], name: str) -> int | None:
    value = payload.get(name)
    return value if type(value) is int else None

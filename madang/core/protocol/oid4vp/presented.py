"""Verification steps 2 to 4: one presented credential by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.formats.sd_jwt import vc, verify
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.key_binding import BindingExpectation, holder_key
from madang.core.formats.sd_jwt.model import SdJwt, parse
from madang.core.formats.sd_jwt.verdict import Failure
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.protocol.dcql.authority import chain_authorities
from madang.core.protocol.dcql.credential import Authority, Credential
from madang.core.protocol.dcql.model import CredentialQuery
from madang.core.protocol.dcql.path import restrict
from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.type_check import KnownType, type_failures
from madang.core.protocol.oid4vp.verdict import (
    StatusReference,
    StatusSource,
    Step,
    StepFailure,
)
from madang.core.protocol.urls import is_web_address
from madang.core.status import token_status_list
from madang.core.status.errors import StatusError
from madang.core.trust.model import TrustList
from madang.core.trust.registry import TrustError

PROTOCOL_CLAIMS = frozenset(
    {"iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "sub"}
)
"""Claims that are about the credential and not about its subject."""

UNAUTHENTIC = frozenset({"issuer_key", "issuer_alg", "issuer_signature"})
"""Failures after which nothing in a credential is the issuer's word."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a verifier holds an answer against, besides the request.

    Attributes:
        trust: who attests what.
        now: seconds since 1970.
        max_age: seconds that a key binding counts.
        max_skew: seconds that the holder's or an issuer's clock may be off.
        status_required: refuse a credential that names no status list.
        allow_loopback_http: for development: status lists may be at http on this machine.
        types: by `vct` the types whose rules are held to; others are judged without.
    """

    trust: TrustList
    now: int
    max_age: int = 300
    max_skew: int = 60
    status_required: bool = True
    allow_loopback_http: bool = False
    types: Mapping[str, KnownType] = field(default_factory=dict)


@dataclass(frozen=True)
class Presented:
    """One presented credential and what was found about it.

    Attributes:
        query_id: the id it was sent under.
        sd_jwt: taken apart, None when that failed.
        claims: the disclosed payload, empty when it could not be processed.
        authorities: who certified the issuer, as DCQL has it.
        holder: thumbprint of the key in ``cnf``, None when there is none.
        status: where its status stands; only of an issuer that was verified.
        failures: what failed in steps 2 to 4.
    """

    query_id: str
    sd_jwt: SdJwt | None
    claims: Mapping[str, Any] = field(default_factory=dict)
    authorities: frozenset[Authority] = frozenset()
    holder: str | None = None
    status: StatusReference | None = None
    failures: tuple[StepFailure, ...] = ()

    def text(self, name: str) -> str | None:
        """Return a text member of the issuer-signed payload."""
        value = None if self.sd_jwt is None else self.sd_jwt.payload.get(name)
        return value if isinstance(value, str) else None

    def as_credential(self) -> Credential:
        """Return what DCQL sees; a missing key binding is a failure of step 4 already."""
        vct = self.text("vct")
        types = frozenset() if vct is None else frozenset({vct})
        return Credential(SD_JWT_VC, types, self.claims, True, self.authorities)  # noqa: FBT003  # holder_bound

    def released(self, asked: CredentialQuery) -> dict[str, object]:
        """Return the claims that were asked for; see ``VerifiedCredential.claims``."""
        if asked.claims is not None:
            return restrict(self.claims, [claim.path for claim in asked.claims])
        if self.sd_jwt is None:
            return {}
        always = verify.process(replace(self.sd_jwt, disclosures=()))
        return {name: value for name, value in always.items() if name not in PROTOCOL_CLAIMS}


def examine_one(
    query_id: str,
    text: str,
    policy: Policy,
    binding: BindingExpectation,
    *,
    binding_required: bool,
    limits: Limits,
) -> Presented:
    """Go through steps 2 to 4 for one presentation."""
    try:
        sd_jwt = parse(text, max_bytes=limits.jwe_bytes, max_disclosures=limits.disclosures)
        payload, _ = sd_jwt.payload, sd_jwt.hash_name
        chain = jws.decode_chain(sd_jwt.issuer_jws.header)
    except (SdJwtError, EnvelopeError) as error:
        return Presented(query_id, None, failures=(_form_failure(error, query_id),))
    key, distrust = _issuer_key(payload, chain, policy)
    bound = binding if binding_required or sd_jwt.key_binding is not None else None
    expected = vc.Expectation(binding=bound, max_skew=policy.max_skew)
    verdict = vc.verify_vc(sd_jwt, expected, issuer_key=key, now=policy.now)
    authentic = not any(failure.code in UNAUTHENTIC for failure in verdict.failures)
    judged = authentic and bool(verdict.claims)
    broken = _broken(sd_jwt, payload, policy) if judged else ()
    found = [StepFailure(Step.ISSUER, *distrust, query_id)] if distrust else []
    found += [
        StepFailure(Step.CREDENTIAL, failure.code, failure.clause, failure.detail, query_id)
        for failure in (*verdict.failures, *broken)
        if failure.code != "issuer_key"  # step 3 has named it
    ]
    status, misplaced = _status(payload, policy) if authentic else (None, None)
    found += [StepFailure(Step.STATUS, *misplaced, query_id)] if misplaced else []
    authorities = chain_authorities(chain)
    return Presented(
        query_id, sd_jwt, verdict.claims, authorities, _holder(payload), status, tuple(found)
    )


def _form_failure(error: SdJwtError | EnvelopeError, query_id: str) -> StepFailure:
    if isinstance(error, SdJwtError):
        return StepFailure(Step.FORM, error.code, error.clause, error.detail, query_id)
    return StepFailure(Step.FORM, "issuer_chain", "RFC 7515 4.1.6", str(error), query_id)


def _issuer_key(
    payload: Mapping[str, Any], chain: tuple[bytes, ...], policy: Policy
) -> tuple[PublicKey | None, tuple[str, str, str] | None]:
    """Return the trusted key, or code, clause and detail of the distrust; ``jwk`` never counts."""
    vct, issuer = payload.get("vct"), payload.get("iss")
    if not isinstance(vct, str) or not isinstance(issuer, str):
        return None, ("issuer_missing", "SD-JWT VC 3.2.2", "vct and iss should be strings")
    issued_at = payload.get("iat")
    at = issued_at if type(issued_at) is int else policy.now
    try:
        return policy.trust.issuer_key(vct, issuer, chain, at=at, now=policy.now), None
    except TrustError as error:
        return None, (error.code, "HAIP 1.0 6.1.1", str(error))


def _broken(sd_jwt: SdJwt, payload: Mapping[str, Any], policy: Policy) -> tuple[Failure, ...]:
    known = policy.types.get(payload["vct"])
    return () if known is None else tuple(type_failures(sd_jwt, known))


def _holder(payload: dict[str, Any]) -> str | None:
    try:
        return holder_key(payload).thumbprint()
    except KeyFormatError:
        return None


def _status(
    payload: Mapping[str, Any], policy: Policy
) -> tuple[StatusReference | None, tuple[str, str, str] | None]:
    clause = "Token Status List 6.2"
    try:
        place = token_status_list.reference(payload)
    except StatusError as error:
        return None, (error.code, clause, str(error))
    if place is None:
        absent = ("status_missing", clause, "the credential names no status list")
        return None, absent if policy.status_required else None
    uri, index = place
    if not is_web_address(uri, allow_loopback_http=policy.allow_loopback_http):
        return None, ("status_uri", clause, "the list's address should be absolute https")
    return StatusReference(StatusSource(uri, payload["vct"], payload["iss"]), index), None

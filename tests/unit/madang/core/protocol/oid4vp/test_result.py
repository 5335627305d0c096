import contextlib
import dataclasses
import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.result import PresentationResult, check_result, sign_result
from madang.core.protocol.typed_jwt import Window
from tests.unit.madang.core.protocol.oid4vp.city import (
    ISSUER,
    NOW,
    VERIFIER,
    City,
    unsigned,
    with_malformed_subject,
)

RESULT = PresentationResult(
    verifier=VERIFIER,
    issuer=ISSUER,
    presentation_id="p-1",
    credential_type="digital-id",
    credential_digest=hashlib.sha256(b"jwt").digest(),
    holder="thumbprint",
    issued_at=NOW,
    expires_at=NOW + 60,
)


def check(
    city: City, compact: str, *, now: int = NOW, limits: Limits = DEFAULT_LIMITS
) -> PresentationResult:
    return check_result(
        compact,
        verifier=VERIFIER,
        issuer=ISSUER,
        anchors=(city.root,),
        window=Window(now, 300, 5),
        limits=limits,
    )


def signed(city: City, typ: str = "madang-presentation-result+jwt", **changes: object) -> str:
    claims = jws.claims(jws.parse(sign_result(RESULT, city.verifier))) | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    header = {"typ": typ, "x5c": jws.encode_chain(city.verifier.certificate_chain)}
    return jws.sign(json.dumps(kept).encode(), header, city.verifier)


def test_a_result_is_read_back_and_holds_no_claim_of_the_credential(city: City) -> None:
    compact = sign_result(RESULT, city.verifier)
    assert check(city, compact) == RESULT
    assert jws.claims(jws.parse(compact)) == {
        "iss": VERIFIER,
        "aud": ISSUER,
        "jti": "p-1",
        "iat": NOW,
        "exp": NOW + 60,
        "credential_type": "digital-id",
        "credential_digest": base64url.encode(RESULT.credential_digest),
        "holder_jkt": "thumbprint",
    }


def reason(city: City, compact: str, **options: int) -> str:
    with pytest.raises(VpError) as refusal:
        check(city, compact, **options)
    return refusal.value.reason


def test_only_the_named_verifier_s_word_counts(city: City) -> None:
    assert reason(city, sign_result(RESULT, city.issuer)) == "result_verifier"
    assert reason(city, sign_result(RESULT, city.stranger)) == "result_chain"
    assert reason(city, sign_result(RESULT, city.holder)) == "result_chain"
    leaf, *above = city.verifier.certificate_chain
    x5c = jws.encode_chain((with_malformed_subject(leaf), *above))
    header = {"typ": "madang-presentation-result+jwt", "x5c": x5c}
    assert reason(city, jws.sign(b"{}", header, city.verifier)) == "result_chain"
    assert reason(city, signed(city, iss="https://other.example")) == "result_verifier"


def test_a_result_of_another_type_or_altered_is_refused(city: City) -> None:
    compact = sign_result(RESULT, city.verifier)
    texts = ["", signed(city, typ="JWT"), unsigned(compact, jti="p-2"), compact[:-4] + "AAAA"]
    assert {reason(city, text) for text in texts} == {"result_form"}


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example/issuer"},
        {"aud": None},
        {"jti": None},
        {"jti": ""},
        {"credential_type": 5},
        {"holder_jkt": None},
        {"credential_digest": None},
        {"credential_digest": "not base64url!"},
        {"credential_digest": "AAAA"},
        {"iat": None},
        {"exp": None},
        {"exp": NOW - 5},
        {"iat": NOW + 6},
        {"iat": NOW - 306},
    ],
)
def test_claims_that_are_missing_or_out_of_time_are_refused(
    city: City, changes: dict[str, object]
) -> None:
    assert reason(city, signed(city, **changes)) == "result_claims"


def test_a_result_ends_with_its_time_and_its_size_is_bounded(city: City) -> None:
    compact = sign_result(RESULT, city.verifier)
    assert check(city, compact, now=NOW + 64)
    assert reason(city, compact, now=NOW + 65) == "result_claims"
    with pytest.raises(VpError, match="at most"):
        check(city, compact, limits=Limits(jwt_bytes=len(compact) - 1))


def test_a_result_cannot_be_made_without_the_verifier_s_certificates(city: City) -> None:
    compact = sign_result(dataclasses.replace(RESULT, holder="x"), city.holder)
    assert reason(city, compact) == "result_chain"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["iss", "aud", "exp", "iat", "jti", "credential_digest"]),
    value=st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
    text=st.text(max_size=30),
)
def test_anything_is_read_or_refused_by_the_family(
    city: City, name: str, value: object, text: str
) -> None:
    for compact in (text, signed(city, **{name: value})):
        with contextlib.suppress(VpError):
            check(city, compact)

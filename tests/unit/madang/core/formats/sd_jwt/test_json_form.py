"""The JSON forms of RFC 9901 section 8, read by an outside library and taken apart on purpose."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from madang.core.encoding import base64url
from madang.core.formats.sd_jwt import verify
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue
from madang.core.formats.sd_jwt.json_form import to_compact, to_json
from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.present import present
from madang.core.formats.sd_jwt.vc import Expectation, verify_text
from madang.core.keys.software import generate_p256

ISSUER, SECOND, HOLDER = generate_p256("issuer"), generate_p256("second"), generate_p256("holder")
CLAIMS = {"vct": "v", "cnf": {"jwk": HOLDER.public_key.to_jwk()}, "a": 1, "b": [1, 2]}
COMPACT = issue(
    CLAIMS,
    SdFrame.of([("a",), ("b", 0)]),
    signer=ISSUER,
    header={"typ": "dc+sd-jwt"},
    salts=iter("xy"),
).compact
SHOWN = present(
    COMPACT, [("a",)], holder=HOLDER, audience="verifier", nonce="n", issued_at=1_800_000_000
)
FLAT = to_json(COMPACT)


def general(*later: dict[str, Any], **first: Any) -> dict[str, Any]:
    own = {name: FLAT[name] for name in ("protected", "signature", "header")}
    return {"payload": FLAT["payload"], "signatures": [{**own, **first}, *later]}


def second_signature() -> dict[str, Any]:
    protected = base64url.encode(b'{"alg":"ES256"}')
    signed = SECOND.sign(f"{protected}.{FLAT['payload']}".encode())
    return {"protected": protected, "signature": base64url.encode(signed)}


@pytest.mark.parametrize("compact", [COMPACT, SHOWN], ids=["issued", "presented"])
def test_there_and_back_is_the_same_text(compact: str) -> None:
    assert to_compact(json.loads(json.dumps(to_json(compact)))) == compact


def test_another_library_verifies_the_flattened_form() -> None:
    read = JWS()
    read.deserialize(json.dumps(FLAT), JWK(**ISSUER.public_key.to_jwk()))
    assert read.is_valid
    assert json.loads(read.payload) == parse(COMPACT).payload


def test_another_library_verifies_both_signatures_of_the_general_form() -> None:
    text = json.dumps(general(second_signature()))
    for signer in (ISSUER, SECOND):
        read = JWS()
        read.deserialize(text, JWK(**signer.public_key.to_jwk()))
        assert read.is_valid


def test_the_general_form_counts_by_its_first_signature() -> None:
    assert to_compact(general(second_signature())) == COMPACT


def test_key_binding_holds_in_the_json_form() -> None:
    expected = Expectation(("v",), binding=BindingExpectation("verifier", "n"))
    text = to_compact(to_json(SHOWN))
    verdict = verify_text(text, expected, issuer_key=ISSUER.public_key, now=1_800_000_000)
    assert verdict.ok
    assert verdict.claims["a"] == 1
    assert verdict.claims["b"] == [2]


def test_unprotected_members_of_others_decide_nothing() -> None:
    assert to_compact({**FLAT, "header": {**FLAT["header"], "kid": "k", "jwk": {}}}) == COMPACT
    without = {name: value for name, value in FLAT.items() if name != "header"}
    assert to_compact(without) == COMPACT.split("~")[0] + "~"


@pytest.mark.parametrize("own", [{"alg": "none"}, {"typ": "dc+sd-jwt"}, {"crit": ["b64"]}])
def test_a_name_in_both_headers_or_crit_outside_the_signature_is_refused(
    own: dict[str, Any],
) -> None:
    """RFC 7515 sections 5.2 (step 4) and 4.1.11."""
    header = {**FLAT["header"], **own}
    for value in ({**FLAT, "header": header}, general(header=header)):
        with pytest.raises(SdJwtError, match="header"):
            to_compact(value)


def test_each_signature_has_its_own_headers() -> None:
    other = {**second_signature(), "header": {"typ": "x"}}
    assert to_compact(general(other)) == COMPACT


BINDING = {"disclosures": [], "kb_jwt": "x.y.z"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        "a.b.c~",
        {**FLAT, "payload": ""},
        {**FLAT, "protected": "e"},
        {**FLAT, "protected": "W10"},
        {**FLAT, "payload": 1},
        {**FLAT, "payload": "a.b"},
        {**FLAT, "signature": "a~b"},
        {**FLAT, "header": []},
        {**FLAT, "header": {"disclosures": "x"}},
        {**FLAT, "header": {"disclosures": [1]}},
        {**FLAT, "header": {"disclosures": [""]}},
        {**FLAT, "header": {"disclosures": ["a~b"]}},
        {**FLAT, "header": {"disclosures": [], "kb_jwt": ""}},
        {**FLAT, "header": {"disclosures": [], "kb_jwt": None}},
        {**FLAT, "header": {"disclosures": [], "kb_jwt": "a~b"}},
        {**FLAT, "signatures": [second_signature()]},
        {"payload": FLAT["payload"], "signatures": []},
        {"payload": FLAT["payload"], "signatures": {}},
        {"payload": FLAT["payload"], "signatures": [1]},
        general({**second_signature(), "header": BINDING}),
        general({**second_signature(), "header": {"disclosures": []}}),
        general({**second_signature(), "header": 1}),
    ],
)
def test_a_form_that_is_not_of_the_specification_is_refused(value: object) -> None:
    with pytest.raises(SdJwtError) as refused:
        to_compact(value)
    assert refused.value.clause == "RFC 9901 8"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["payload", "protected", "signature", "signatures", "header", "disclosures"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_reading_raises_only_its_own_error(value: object) -> None:
    with suppress(SdJwtError):
        verify.process(parse(to_compact(value)))


def test_limits_hold() -> None:
    with pytest.raises(SdJwtError):
        to_json(COMPACT, max_disclosures=1)
    with pytest.raises(SdJwtError):
        to_json(COMPACT, max_bytes=10)

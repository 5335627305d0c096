"""A completed form says what the request says that it stands for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.protocol.dcql.model import parse_query
from madang.core.protocol.oid4vp.client_id import x509_san_dns_client_id
from madang.core.protocol.oid4vp.request import (
    Delivery,
    RequestObject,
    Session,
    build_request,
    by_dc_api,
)
from madang.core.protocol.oid4vp.request_form import RequestForm
from madang.core.protocol.oid4vp.verifier_info import Registration
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VERIFIER, public_jwk

CLIENT = x509_san_dns_client_id("mapo.example")
REGISTERED = Registration(VERIFIER, "counter", {"ko": '왜 "묻는지"', "en": "why }} we ask\n"})
QUERY = parse_query(
    {
        "credentials": [
            {
                "id": "nonce",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ['state"iat":0}}']},
                "claims": [{"path": ["client_metadata", None, 3], "values": ["}}", 1, True]}],
            }
        ]
    }
)
MODES = ["direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt"]
WORDS = st.text("abcXYZ019-_.~", min_size=1, max_size=40)


def delivery(mode: Any) -> Delivery:
    api = by_dc_api(mode)
    return Delivery(mode, None if api else f"{VERIFIER}/r", ("https://mapo.example",) * api)


@pytest.mark.parametrize("mode", MODES)
@given(
    nonce=WORDS,
    state=WORDS,
    path=st.text(max_size=20),
    wallet_nonce=st.none() | st.text(max_size=20),
    registration=st.sampled_from([None, REGISTERED]),
    data=st.lists(WORDS, max_size=2),
)
def test_a_completed_form_is_the_request_in_text(
    mode: Any,
    nonce: str,
    state: str,
    path: str,
    wallet_nonce: str | None,
    registration: Registration | None,
    data: list[str],
) -> None:
    session = Session(nonce, state, public_jwk(), NOW, NOW + 300)
    more = {"transaction_data": data, "registration": registration}
    form = RequestForm.of(CLIENT, QUERY, delivery(mode), **more)
    uri = None if by_dc_api(mode) else f"{VERIFIER}/{path}"
    origins = delivery(mode).expected_origins
    expected = build_request(
        CLIENT, QUERY, session, Delivery(mode, uri, origins), **more, wallet_nonce=wallet_nonce
    )
    found = strict_json.loads(form.payload(session, uri, wallet_nonce=wallet_nonce))
    assert found == expected.to_json()
    assert RequestObject.model_validate(found) == expected


@pytest.mark.parametrize("mode", MODES)
def test_an_address_is_needed_by_post_and_only_there(mode: Any) -> None:
    form = RequestForm.of(CLIENT, QUERY, delivery(mode))
    session = Session("n", "s", public_jwk(), NOW, NOW + 300)
    with pytest.raises(ValueError, match="response_uri"):
        form.payload(session, VERIFIER if by_dc_api(mode) else None)

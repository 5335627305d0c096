import contextlib
import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.limits import Limits
from madang.core.protocol.oauth.names import PRE_AUTHORIZED_CODE_GRANT, PreAuthorizedCode
from madang.core.protocol.oid4vci.errors import Oid4vciError
from madang.core.protocol.oid4vci.offer import (
    OfferReference,
    TxCode,
    authorization_offer,
    parse_offer,
    parse_offer_uri,
    pre_authorized_offer,
)

ISSUER = "https://mapo.example/mapo/issuer"
OFFER = pre_authorized_offer(
    ISSUER, ("income", "lease"), PreAuthorizedCode("abc"), tx_code=TxCode(length=6)
)


def link(value: object, scheme: str = "openid-credential-offer") -> str:
    return f"{scheme}://?{urlencode({'credential_offer': json.dumps(value)})}"


def changed(**members: object) -> dict[str, object]:
    return OFFER.to_json() | members


def test_an_offer_has_the_names_of_the_specification() -> None:
    grant = {"pre-authorized_code": "abc", "tx_code": {"input_mode": "numeric", "length": 6}}
    assert OFFER.to_json() == {
        "credential_issuer": ISSUER,
        "credential_configuration_ids": ["income", "lease"],
        "grants": {PRE_AUTHORIZED_CODE_GRANT: grant},
    }


def test_an_offer_link_is_read_back() -> None:
    assert OFFER.to_uri().startswith("openid-credential-offer://?credential_offer=%7B")
    assert parse_offer_uri(OFFER.to_uri()) == OFFER
    assert parse_offer_uri(OFFER.to_uri(scheme="haip-vci")) == OFFER


def test_a_reference_is_handed_back_to_be_fetched() -> None:
    address = "https://mapo.example/offer/1"
    uri = f"openid-credential-offer://?credential_offer_uri={quote(address)}"
    assert parse_offer_uri(uri) == OfferReference(address)


def test_a_reference_and_its_link_are_one() -> None:
    reference = OfferReference("https://mapo.example/offer/1?a=b")
    assert parse_offer_uri(reference.to_uri()) == reference
    assert parse_offer_uri(reference.to_uri(scheme="haip-vci")) == reference


@pytest.mark.parametrize("state", ["s", None])
def test_an_offer_to_log_in_for_carries_the_issuers_state(state: str | None) -> None:
    offer = authorization_offer(ISSUER, ("lease",), state)
    wanted = {} if state is None else {"issuer_state": state}
    assert offer.to_json()["grants"] == {"authorization_code": wanted}
    read = parse_offer_uri(offer.to_uri())
    assert read == offer
    assert read.authorization_code is not None
    assert read.pre_authorized is None


def test_an_empty_tx_code_still_asks_for_one_and_absence_does_not() -> None:
    grant = {"pre-authorized_code": "abc", "tx_code": {}}
    asked = parse_offer_uri(link(changed(grants={PRE_AUTHORIZED_CODE_GRANT: grant})))
    assert asked == pre_authorized_offer(
        ISSUER, ("income", "lease"), PreAuthorizedCode("abc"), tx_code=TxCode()
    )
    free = pre_authorized_offer(ISSUER, ("income",), PreAuthorizedCode("abc"))
    assert free.pre_authorized is not None
    assert free.pre_authorized.tx_code is None


def test_other_grants_and_unknown_members_are_ignored() -> None:
    offer = parse_offer(json.dumps(changed(grants={"password": {}}, new=1)))
    assert offer.pre_authorized is None
    assert offer.authorization_code is None
    assert parse_offer(json.dumps({**changed(), "grants": None})).authorization_code is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://mapo.example/?credential_offer=%7B%7D",
        "openid-credential-offer://",
        "openid-credential-offer://?other=1",
        "openid-credential-offer://?credential_offer=%7B%7D&credential_offer=%7B%7D",
        OFFER.to_uri() + "&credential_offer_uri=https%3A%2F%2Fmapo.example%2F1",
        "openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fmapo.example%2F1",
        "openid-credential-offer://[?credential_offer=1",
        link([]),
        link({}),
        link(changed(credential_issuer="mapo")),
        link(changed(credential_issuer="http://mapo.example")),
        link(changed(credential_configuration_ids=[])),
        link(changed(credential_configuration_ids="income")),
        link(changed(credential_configuration_ids=["income", "income"])),
        link(changed(grants={PRE_AUTHORIZED_CODE_GRANT: {}})),
        link(changed(grants={PRE_AUTHORIZED_CODE_GRANT: {"pre-authorized_code": ""}})),
        link(
            changed(
                grants={
                    PRE_AUTHORIZED_CODE_GRANT: {
                        "pre-authorized_code": "a",
                        "tx_code": {"description": "x" * 301},
                    }
                }
            )
        ),
    ],
)
def test_a_malformed_offer_is_refused(uri: str) -> None:
    with pytest.raises(Oid4vciError) as refusal:
        parse_offer_uri(uri)
    assert refusal.value.code == "invalid_offer"


def test_http_on_this_machine_needs_permission() -> None:
    uri = link(changed(credential_issuer="http://127.0.0.1:8000/mapo/issuer"))
    assert parse_offer_uri(uri, allow_loopback_http=True)
    with pytest.raises(Oid4vciError, match="https"):
        parse_offer_uri(uri)


def test_link_length_and_number_of_credentials_are_bounded() -> None:
    uri = OFFER.to_uri()
    assert parse_offer_uri(uri, limits=Limits(uri_chars=len(uri), configurations=2))
    for limits in (Limits(uri_chars=len(uri) - 1), Limits(configurations=1)):
        with pytest.raises(Oid4vciError, match=r"longer|more than"):
            parse_offer_uri(uri, limits=limits)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_by_the_family(text: str) -> None:
    for uri in (text, f"openid-credential-offer://?credential_offer={text}"):
        with contextlib.suppress(Oid4vciError):
            parse_offer_uri(uri)
    with contextlib.suppress(Oid4vciError):
        parse_offer(text)

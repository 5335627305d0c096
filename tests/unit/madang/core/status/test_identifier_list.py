from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.envelope import cwt
from madang.core.keys.signing import checker_for
from madang.core.keys.software import generate_p256
from madang.core.status import identifier_list, token_cwt
from madang.core.status.errors import StatusError
from madang.core.status.identifier_list import (
    IDENTIFIERS_CLAIM,
    MEDIA_TYPE,
    IdentifierList,
    IdentifierListToken,
)
from madang.core.status.token import LIST_CLAIM
from madang.core.status.token_status_list import INVALID, VALID

SIGNER = generate_p256("issuer")
CHECKER = checker_for(SIGNER.public_key)
URI, NOW = "https://i/identifierlists/1", 1_800_000_000
REVOKED, OTHER = b"\x01" * 16, b"\x02" * 16
TOKEN = IdentifierListToken(URI, NOW - 10, NOW + 100, 60, IdentifierList(frozenset({REVOKED})))
CLAIMS: dict[Any, Any] = {
    2: URI,
    4: NOW + 100,
    6: NOW - 10,
    65534: 60,
    65530: {"identifiers": {REVOKED: {}}},
}


def verify(data: bytes) -> IdentifierListToken:
    return identifier_list.verify(token_cwt.parse(data), uri=URI, checker=CHECKER, now=NOW)


def signed(changes: dict[Any, Any], typ: str = MEDIA_TYPE) -> bytes:
    said = {key: value for key, value in {**CLAIMS, **changes}.items() if value is not ...}
    return cwt.encode(said, SIGNER, typ=typ)


def test_a_list_names_what_is_revoked_and_nothing_else() -> None:
    listed = verify(signed({})).listed
    assert [listed.get(each) for each in (REVOKED, OTHER, b"")] == [INVALID, VALID, VALID]


def test_what_is_written_is_read() -> None:
    assert token_cwt.parse(identifier_list.encode(TOKEN, SIGNER)).claims == CLAIMS
    for token in (
        TOKEN,
        replace(TOKEN, ttl=None),
        replace(TOKEN, listed=IdentifierList(frozenset())),
    ):
        assert verify(identifier_list.encode(token, SIGNER)) == token


def test_what_may_come_later_is_passed_over() -> None:
    later = {"identifiers": {REVOKED: {"reason": 1, 2: "x"}}, "aggregation_uri": URI, "later": 1}
    assert verify(signed({IDENTIFIERS_CLAIM: later, 99: 1})) == TOKEN


def test_a_list_tells_how_much_it_takes() -> None:
    few, many = (IdentifierList(frozenset(bytes([n]) for n in range(top))) for top in (2, 200))
    assert 2 <= few.size < many.size == 100 * few.size


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({2: URI + "/"}, "status_list_subject"),
        ({2: ...}, "status_list_malformed"),
        ({4: NOW}, "status_list_expired"),
        ({4: ...}, "status_list_malformed"),
        ({6: ...}, "status_list_malformed"),
        ({6: NOW + 61}, "status_list_not_yet_valid"),
        ({5: NOW + 61}, "status_list_not_yet_valid"),
        ({65534: 0}, "status_list_malformed"),
        ({LIST_CLAIM: {"bits": 1, "lst": b""}}, "status_list_malformed"),
        ({IDENTIFIERS_CLAIM: ...}, "status_list_malformed"),
        ({IDENTIFIERS_CLAIM: []}, "status_list_malformed"),
        ({IDENTIFIERS_CLAIM: {}}, "status_list_malformed"),
        ({IDENTIFIERS_CLAIM: {"identifiers": [REVOKED]}}, "status_list_malformed"),
        ({IDENTIFIERS_CLAIM: {"identifiers": {"text": {}}}}, "status_list_malformed"),
        ({IDENTIFIERS_CLAIM: {"identifiers": {REVOKED: True}}}, "status_list_malformed"),
    ],
)
def test_what_cannot_be_relied_upon_is_refused(changes: dict[Any, Any], code: str) -> None:
    with pytest.raises(StatusError) as refused:
        verify(signed(changes))
    assert refused.value.code == code


@pytest.mark.parametrize("typ", [token_cwt.MEDIA_TYPE, "identifierlist+cwt", "application/cwt"])
def test_another_type_is_refused(typ: str) -> None:
    with pytest.raises(StatusError) as refused:
        verify(signed({}, typ))
    assert refused.value.code == "status_list_type"


def test_a_status_list_is_not_taken_for_one_nor_one_for_it() -> None:
    parsed = token_cwt.parse(signed({}))
    with pytest.raises(StatusError) as refused:
        token_cwt.verify(parsed, uri=URI, checker=CHECKER, now=NOW)
    assert refused.value.code == "status_list_type"


def test_another_key_or_another_signature_is_refused() -> None:
    good = signed({})
    other = checker_for(generate_p256("x").public_key)
    for data, checker in ((good, other), (good[:-2] + b"\0\0", CHECKER)):
        with pytest.raises(StatusError) as refused:
            identifier_list.verify(token_cwt.parse(data), uri=URI, checker=checker, now=NOW)
        assert refused.value.code == "status_list_signature"


@given(st.data())
def test_any_claims_give_a_list_or_the_one_error(data: st.DataObject) -> None:
    names = st.integers(-(2**63), 2**63) | st.text() | st.binary()
    simple = st.none() | st.booleans() | names
    maps = st.dictionaries(names, st.dictionaries(names, simple) | simple)
    listed = st.fixed_dictionaries({"identifiers": maps | simple})
    changes = data.draw(st.dictionaries(st.sampled_from([*CLAIMS, 5]), simple | listed))
    with suppress(StatusError):
        verify(signed(changes))

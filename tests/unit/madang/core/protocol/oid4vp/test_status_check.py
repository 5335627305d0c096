import json

import pytest

from madang.core.envelope import jws
from madang.core.protocol.oid4vp.status_check import StatusLookup, read_status_list, status_failure
from madang.core.protocol.oid4vp.verdict import StatusReference, StatusSource, Step
from madang.core.status.token_status_list import StatusError, StatusList, token
from tests.unit.madang.core.protocol.oid4vp.city import (
    ISSUER,
    LISTS,
    NOW,
    VCT,
    City,
    with_malformed_subject,
)

SOURCE = StatusSource(LISTS, VCT["id"], ISSUER)


def listed(city: City, **changes: object) -> str:
    known = {
        "uri": LISTS,
        "issued_at": NOW - 10,
        "expires_at": NOW + 100,
        "ttl": 60,
        "signer": city.issuer,
    }
    return token(StatusList.of_size(8), **(known | changes))


def lookup(city: City, compact: str, **options: int) -> StatusLookup:
    return read_status_list(compact, SOURCE, trust=city.trust, now=NOW, **options)


def code(found: StatusLookup) -> str:
    assert isinstance(found, StatusError)
    return found.code


def test_a_list_of_the_credential_s_issuer_is_relied_upon(city: City) -> None:
    found = lookup(city, listed(city))
    assert isinstance(found, StatusList)
    assert status_failure("id", StatusReference(SOURCE, 3), {SOURCE: found}) is None


def test_v23_every_other_list_is_an_error(city: City) -> None:
    renamed = jws.sign(jws.parse(listed(city)).payload, {"typ": "JWT"}, city.issuer)
    claims = json.loads(jws.parse(listed(city)).payload) | {"status_list": {"bits": 3, "lst": "x"}}
    x5c = jws.encode_chain(city.issuer.certificate_chain)
    header = {"typ": "statuslist+jwt", "x5c": x5c}
    leaf, *above = city.issuer.certificate_chain
    unreadable = {"x5c": jws.encode_chain((with_malformed_subject(leaf), *above))}
    cases = {
        "status_list_malformed": ["", jws.sign(json.dumps(claims).encode(), header, city.issuer)],
        "status_list_issuer": [
            renamed,
            jws.sign(b"{}", {**header, "x5c": "x"}, city.issuer),
            jws.sign(b"{}", {**header, **unreadable}, city.issuer),
            listed(city, signer=city.stranger),
            listed(city, signer=city.verifier),
        ],
        "status_list_type": [
            jws.sign(b"{}", {"typ": "JWT", "x5c": x5c}, city.issuer),
        ],
        "status_list_signature": [listed(city)[:-4] + "AAAA"],
        "status_list_subject": [listed(city, uri=LISTS + "0")],
        "status_list_expired": [listed(city, expires_at=NOW)],
        "status_list_not_yet_valid": [listed(city, issued_at=NOW + 1000)],
    }
    for expected, texts in cases.items():
        assert [code(lookup(city, text)) for text in texts] == [expected] * len(texts)


def test_v23_the_size_of_a_list_is_bounded_packed_and_unpacked(city: City) -> None:
    compact = listed(city)
    assert code(lookup(city, compact, max_bytes=len(compact) - 1)) == "status_list_too_large"
    bomb = token(
        StatusList.of_size(4_000_000),
        uri=LISTS,
        issued_at=NOW,
        expires_at=NOW + 9,
        ttl=1,
        signer=city.issuer,
    )
    assert code(lookup(city, bomb, max_bytes=len(bomb))) == "status_list_too_large"


@pytest.mark.parametrize("index", [8, -1, 10**12])
def test_v23_an_index_outside_the_list_is_a_failure(city: City, index: int) -> None:
    found = lookup(city, listed(city))
    failure = status_failure("id", StatusReference(SOURCE, index), {SOURCE: found})
    assert failure is not None
    assert (failure.step, failure.code) == (Step.STATUS, "status_index_out_of_range")


def test_a_list_that_was_not_fetched_is_a_failure() -> None:
    failure = status_failure("id", StatusReference(SOURCE, 1), {})
    assert failure is not None
    assert failure.code == "status_list_unreachable"

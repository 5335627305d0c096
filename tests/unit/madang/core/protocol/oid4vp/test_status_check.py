import json
from dataclasses import replace

import pytest

from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vp.status_check import (
    AgedList,
    VerifiedList,
    read_status_list,
    status_age,
    status_failure,
)
from madang.core.protocol.oid4vp.verdict import StatusReference, StatusSource, Step
from madang.core.status import identifier_list, token_cwt, token_jwt
from madang.core.status.errors import StatusError
from madang.core.status.identifier_list import IdentifierList, IdentifierListToken
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import StatusList
from tests.unit.madang.core.protocol.oid4vp.answers import verdict_on
from tests.unit.madang.core.protocol.oid4vp.city import (
    ISSUER,
    LISTS,
    NOW,
    VCT,
    City,
    with_malformed_subject,
)

SOURCE = StatusSource(LISTS, VCT["id"], ISSUER)
TOKEN = StatusListToken(LISTS, NOW - 10, NOW + 100, 60, StatusList.of_size(8).pack())


def listed(city: City, signer: Signer | None = None, **changes: object) -> str:
    return token_jwt.encode(replace(TOKEN, **changes), signer or city.issuer)


def lookup(
    city: City, data: str | bytes, media_type: str = token_jwt.MEDIA_TYPE, **options: int
) -> VerifiedList | StatusError:
    raw = data.encode() if isinstance(data, str) else data
    return read_status_list(
        raw, SOURCE, media_type=media_type, trust=city.trust, now=NOW, **options
    )


def code(found: VerifiedList | StatusError) -> str:
    assert isinstance(found, StatusError)
    return found.code


@pytest.mark.parametrize("form", [token_jwt.MEDIA_TYPE, token_cwt.MEDIA_TYPE])
def test_a_list_of_the_credential_s_issuer_is_relied_upon(city: City, form: str) -> None:
    data = listed(city) if form == token_jwt.MEDIA_TYPE else token_cwt.encode(TOKEN, city.issuer)
    found = lookup(city, data, form)
    assert isinstance(found, VerifiedList)
    assert found.token == TOKEN
    assert status_failure("id", StatusReference(SOURCE, 3), {SOURCE: found.statuses}) is None


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
            listed(city, city.stranger),
            listed(city, city.verifier),
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


def test_v23_every_other_list_in_cbor_is_an_error(city: City) -> None:
    good = token_cwt.encode(TOKEN, city.issuer)
    cases = {
        "status_list_malformed": [b"", listed(city).encode()],
        "status_list_issuer": [
            token_cwt.encode(TOKEN, city.stranger),
            token_cwt.encode(TOKEN, city.verifier),
        ],
        "status_list_signature": [good[:-2] + b"\0\0"],
        "status_list_subject": [token_cwt.encode(replace(TOKEN, uri="x"), city.issuer)],
        "status_list_expired": [token_cwt.encode(replace(TOKEN, expires_at=NOW), city.issuer)],
    }
    for expected, found in cases.items():
        codes = [code(lookup(city, data, token_cwt.MEDIA_TYPE)) for data in found]
        assert codes == [expected] * len(found)


def test_the_forms_are_not_taken_for_one_another(city: City) -> None:
    assert code(lookup(city, token_cwt.encode(TOKEN, city.issuer))) == "status_list_malformed"


def test_v23_the_size_of_a_list_is_bounded_packed_and_unpacked(city: City) -> None:
    compact = listed(city)
    assert code(lookup(city, compact, max_bytes=len(compact) - 1)) == "status_list_too_large"
    bomb = listed(city, packed=StatusList.of_size(4_000_000).pack())
    assert code(lookup(city, bomb, max_bytes=len(bomb))) == "status_list_too_large"


@pytest.mark.parametrize("index", [8, -1, 10**12])
@pytest.mark.parametrize("aged", [False, True])
def test_v23_an_index_outside_the_list_is_a_failure(index: int, *, aged: bool) -> None:
    statuses = StatusList.of_size(8)
    found = AgedList(statuses, 90) if aged else statuses
    failure = status_failure("id", StatusReference(SOURCE, index), {SOURCE: found})
    assert failure is not None
    assert (failure.step, failure.code) == (Step.STATUS, "status_index_out_of_range")


def test_a_list_that_was_not_fetched_is_a_failure() -> None:
    failure = status_failure("id", StatusReference(SOURCE, 1), {})
    assert failure is not None
    assert failure.code == "status_list_unreachable"


@pytest.mark.parametrize(("value", "expected"), [(1, "status_revoked"), (2, "status_suspended")])
def test_an_aged_list_tells_status_and_age(value: int, expected: str) -> None:
    statuses = StatusList.of_size(8)
    statuses.set(3, value)
    known = {SOURCE: AgedList(statuses, 4000)}
    failure = status_failure("id", StatusReference(SOURCE, 3), known)
    assert failure is not None
    assert failure.code == expected
    assert status_failure("id", StatusReference(SOURCE, 2), known) is None
    assert status_age(StatusReference(SOURCE, 3), known) == 4000


def test_the_verdict_says_how_old_the_status_is(city: City) -> None:
    shown = {"id": (city.presentation("id", ("name",)),)}
    fresh = StatusList.of_size(64)
    for found, age in ((fresh, None), (AgedList(fresh, 4000), 4000)):
        verdict = verdict_on(city, shown, statuses={SOURCE: found})
        assert verdict.ok
        assert [standing.status_age for standing in verdict.standings] == [age]


LISTED = IdentifierList(frozenset({b"\x01\x02"}))
NAMES = IdentifierListToken(LISTS, NOW - 10, NOW + 100, 60, LISTED)


def named(city: City, signer: Signer, source: StatusSource = SOURCE) -> VerifiedList | StatusError:
    data = identifier_list.encode(NAMES, signer)
    return read_status_list(
        data, source, media_type=identifier_list.MEDIA_TYPE, trust=city.trust, now=NOW
    )


def test_an_identifier_list_of_the_credential_s_issuer_is_relied_upon(city: City) -> None:
    found = named(city, city.issuer)
    assert isinstance(found, VerifiedList)
    assert (found.token, found.statuses, found.size) == (NAMES, LISTED, LISTED.size)
    for name, expected in ((b"\x01\x02", "status_revoked"), (b"\x01", None)):
        failure = status_failure("id", StatusReference(SOURCE, name), {SOURCE: found.statuses})
        assert (failure and failure.code) == expected
    for stranger in (city.stranger, city.verifier):
        assert code(named(city, stranger)) == "status_list_issuer"


def test_an_issuer_may_name_what_the_chain_of_its_list_leads_to(city: City) -> None:
    elsewhere = replace(SOURCE, anchor=city.foreign_root)
    assert isinstance(named(city, city.stranger, elsewhere), VerifiedList)
    assert code(named(city, city.issuer, elsewhere)) == "status_list_issuer"
    assert code(named(city, city.stranger, replace(SOURCE, anchor=b"x"))) == "status_list_issuer"


def test_a_list_of_the_other_kind_is_a_failure() -> None:
    for statuses, place in ((LISTED, 1), (StatusList.of_size(8), b"\x01")):
        for found in (statuses, AgedList(statuses, 90)):
            failure = status_failure("id", StatusReference(SOURCE, place), {SOURCE: found})
            assert failure is not None
            assert failure.code == "status_list_type"


def test_the_kinds_are_not_taken_for_one_another(city: City) -> None:
    names, places = identifier_list.encode(NAMES, city.issuer), token_cwt.encode(TOKEN, city.issuer)
    assert code(lookup(city, names, token_cwt.MEDIA_TYPE)) == "status_list_type"
    assert code(lookup(city, places, identifier_list.MEDIA_TYPE)) == "status_list_type"

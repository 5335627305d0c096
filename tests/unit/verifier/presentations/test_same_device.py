"""Answers on the same device: a fresh code brings the browser back, and gets the result once."""

from urllib.parse import parse_qs, urlsplit

import pytest

from madang.core.encoding import base64url
from madang.core.protocol.oid4vp.errors import VpCode
from madang.core.protocol.oid4vp.response import answer_form, error_form
from tests.unit.verifier.world import NEIGHBOUR, TENANT, Asked, City
from verifier.presentations.model import (
    GIVEN,
    Answered,
    Judgement,
    Open,
    Presentation,
    Refused,
)
from verifier.presentations.same_device import fits, hashed, with_code
from verifier.presentations.store import PresentationRow, SqlPresentations

API = f"/{TENANT}/verifier/api/presentations"
RETURN_TO = "https://id.hanbit.example/hanbit/issuer/sign-in/1?step=2"


def ask(city: City, return_to: str = RETURN_TO) -> Asked:
    body = {
        "purpose": "counter_identification",
        "audience": city.identifier("issuer"),
        "return_to": return_to,
    }
    return city.opened(city.call("POST", API, body))


def answer(asked: Asked) -> str:
    """Answer well, and return where the browser is sent."""
    told = asked.answer({"digital_id": [asked.show("digital_id")]})
    assert told.status_code == 200
    (address,) = told.json().values()
    return str(address)


def code_of(address: str) -> str:
    (code,) = parse_qs(urlsplit(address).query)["response_code"]
    return code


def get(city: City, asked: Asked, code: str | None = None):  # noqa: ANN201  # a response
    query = "" if code is None else f"?response_code={code}"
    return city.call("GET", f"{API}/{asked.id}{query}")


def test_the_browser_comes_back_with_a_fresh_code_of_128_bits(city: City) -> None:
    addresses = [answer(ask(city)) for _ in range(2)]
    for address in addresses:
        assert address.startswith(f"{RETURN_TO}&response_code=")
        assert len(base64url.decode(code_of(address))) == 16
    assert len(set(addresses)) == 2


def test_the_code_is_kept_as_a_hash_alone(city: City) -> None:
    code = code_of(answer(ask(city)))
    with city.deps.database.engine.connect() as connection:
        (row,) = connection.execute(PresentationRow.__table__.select())  # type: ignore[attr-defined]
    assert row.held == hashed(code)
    assert code not in repr(row)


def test_v39_without_the_code_there_is_no_result(city: City) -> None:
    asked = ask(city)
    assert get(city, asked).json()["state"] == "open"
    answer(asked)
    refused = get(city, asked)
    assert (refused.status_code, refused.json()["title"]) == (403, "response_code")
    assert "result" not in refused.json()
    assert city.journal()[-1] == "presentation.response_code"


def test_v39_the_code_of_another_session_gets_nothing(city: City) -> None:
    mine, other = ask(city), ask(city)
    answer(mine)
    assert get(city, mine, code_of(answer(other))).status_code == 403
    assert city.journal().count("presentation.response_code") == 1


def test_v40_the_result_is_given_once(city: City) -> None:
    asked = ask(city)
    code = code_of(answer(asked))
    told = get(city, asked, code)
    assert told.json()["state"] == "answered"
    assert told.json()["result"]
    for again in (code, None):
        assert get(city, asked, again).status_code == 403
    with city.deps.database.engine.connect() as connection:
        (row,) = connection.execute(PresentationRow.__table__.select())  # type: ignore[attr-defined]
    assert (row.result, row.held) == (None, b"")


def test_v39_a_code_where_nothing_is_held_gets_nothing(city: City) -> None:
    asked = city.ask_identity()
    assert get(city, asked, "guess").status_code == 403
    asked.answer({"digital_id": [asked.show("digital_id")]})
    assert get(city, asked, "guess").status_code == 403


def test_a_refused_answer_sends_nobody_anywhere(city: City) -> None:
    asked = ask(city)
    told = asked.answer({"digital_id": [asked.show("digital_id", nonce="another")]})
    assert (told.status_code, told.json()) == (400, {"error": "invalid_request"})
    assert get(city, asked).json()["failures"] == ["key_binding_nonce"]


def test_who_declines_comes_back_without_a_code(city: City) -> None:
    asked = ask(city)
    told = asked.post(error_form(VpCode.ACCESS_DENIED, state=asked.request.state))
    assert told.json() == {"redirect_uri": RETURN_TO}
    assert get(city, asked).json()["failures"] == ["wallet_access_denied"]


def test_of_two_who_take_a_result_at_once_one_gets_it(city: City) -> None:
    """Only the row that still holds the code changes, whatever both have read before."""
    asked = ask(city)
    code = code_of(answer(asked))
    found = kept(city, asked)
    assert isinstance(found, Answered)
    with city.deps.database.transaction() as session:
        store = SqlPresentations(session, 600)
        assert [store.release(found, given=GIVEN) for _ in range(2)] == [True, False]
    assert get(city, asked, code).status_code == 403


def test_v40_of_two_browsers_that_begin_at_once_one_is_bound(city: City) -> None:
    asked = ask(city)
    found = kept(city, asked)
    assert isinstance(found, Open)
    with city.deps.database.transaction() as session:
        store = SqlPresentations(session, 600)
        assert [store.bind(found, hashed(each)) for each in ("one", "two")] == [True, False]
    again = kept(city, asked)
    assert isinstance(again, Open)
    assert again.browser == hashed("one")


def test_v14_an_answer_after_the_last_refusal_changes_nothing(city: City) -> None:
    """What was read while it was open is not what is kept: the row decides."""
    asked = ask(city)
    found = kept(city, asked)
    assert isinstance(found, Open)
    with city.deps.database.transaction() as session:
        store = SqlPresentations(session, 600)
        assert store.keep(found.declined("wallet_access_denied"))
        assert not store.keep(found.accepted("a result", Judgement()))
    assert isinstance(kept(city, asked), Refused)


def test_v16_answers_to_two_sessions_at_once_stay_apart(city: City) -> None:
    one, two = ask(city), ask(city)
    forms = [
        answer_form(each.request, {"digital_id": [each.show("digital_id")]}) for each in (one, two)
    ]
    places = [each.request.response_uri or "" for each in (one, two)]
    crossed = city.client.together((places[0], forms[1]), (places[1], forms[0]))
    assert [each.status_code for each in crossed] == [400, 400]
    good = city.client.together((places[0], forms[0]), (places[1], forms[1]))
    assert [each.status_code for each in good] == [200, 200]
    codes = {code_of(each.json()["redirect_uri"]) for each in good}
    assert len(codes) == 2


def kept(city: City, asked: Asked) -> Presentation | None:
    with city.deps.database.reading() as session:
        return SqlPresentations(session, 600).find(TENANT, asked.id, now=city.clock.now())


@pytest.mark.parametrize(
    "address",
    ["http://evil.example/", "javascript:alert(1)", "https://a.example/#f", "https://u@a.example"],
)
def test_a_browser_is_sent_to_https_alone(city: City, address: str) -> None:
    body = {
        "purpose": "counter_identification",
        "audience": city.identifier("issuer"),
        "return_to": address,
    }
    refused = city.call("POST", API, body)
    assert refused.status_code == 400
    assert city.journal() == ["presentation.manner"]


def test_v44_a_code_does_not_cross_municipalities(city: City) -> None:
    asked = ask(city)
    code = code_of(answer(asked))
    path = f"/{NEIGHBOUR}/verifier/api/presentations/{asked.id}?response_code={code}"
    assert city.call("GET", path, tenant=NEIGHBOUR).status_code == 404
    assert get(city, asked, code).status_code == 200


def test_a_code_fits_its_own_hash_alone() -> None:
    assert fits("a", hashed("a"))
    assert not fits("b", hashed("a"))
    assert not fits(None, hashed("a"))
    assert not fits("", b"")
    assert not fits("a", None)


def test_an_address_keeps_its_query() -> None:
    assert with_code("https://a.example", "x") == "https://a.example?response_code=x"
    assert with_code("https://a.example?b=1", "x") == "https://a.example?b=1&response_code=x"


def test_v38_what_is_posted_encrypted_says_nothing_to_a_wallet(city: City) -> None:
    asked = ask(city)
    body = answer_form(asked.request, {"digital_id": ["~"]})
    assert asked.post(body).json() == {"error": "invalid_request"}

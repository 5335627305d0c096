"""What is left of a presentation when it is over: what was asked, and nothing of anybody."""

import functools
import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from madang.core.catalog.certificate_type import TypeId
from madang.core.protocol.oid4vp.errors import VpCode
from madang.core.protocol.oid4vp.response import error_form
from tests.unit.verifier.world import TENANT, Asked, City, Land, open_city
from verifier.presentations.personal import without_values
from verifier.presentations.store import PresentationRow, SqlPresentations

SECRET, NAME = "the flat at Hanbit-ro 12", "Somebody Else"
TYPES = {"consent": {"members": {"text": "string"}, "element": ["example.consent", "hashes"]}}
Wish = dict[str, object]


@pytest.fixture
def city(land: Land, tmp_path: Path, database_url: str) -> Iterator[City]:
    file = tmp_path / "types.json"
    file.write_text(json.dumps(TYPES))
    outside = frozenset({TENANT})
    with open_city(
        land, database_url=database_url, ask_outside_registry=outside, transaction_types=file
    ) as opened:
        yield opened


def query(city: City, **claim: object) -> Wish:
    vct = city.deps.catalogue.vct(city.deps.addresses, "digital_id")
    claims = [{"path": ["birthdate"]}, {"path": ["name"], **claim}]
    meta = {"vct_values": [vct]}
    return {"credentials": [{"id": "id", "format": "dc+sd-jwt", "meta": meta, "claims": claims}]}


def holder(city: City) -> str:
    """Return the name on the wallet's Digital ID."""
    person: Any = city.deps.catalogue.types[TypeId("digital_id")].example.record["person"]
    return str(person["name"])


def of_somebody(city: City) -> tuple[Asked, str]:
    """Ask for a consent of one whose name is known."""
    key = city.key()
    wish = {
        "dcql_query": query(city, values=[NAME]),
        "transaction_data": [{"type": "consent", "text": SECRET, "credential_ids": ["id"]}],
    }
    return city.asked(city.ask(wish, key=key).json()), key


def row(city: City) -> str:
    """Return all that the table holds."""
    with city.deps.database.engine.connect() as connection:
        (found,) = connection.execute(PresentationRow.__table__.select())  # type: ignore[attr-defined]
    return str(dict(found._mapping))


def holds(city: City, asked: Asked) -> tuple[bool, bool]:
    """Tell whether the row holds the transaction, and the name that was asked for."""
    (encoded,) = asked.request.transaction_data or ()
    return encoded in row(city), NAME in row(city)


def sweep(city: City) -> None:
    with city.deps.database.transaction() as session:
        store = SqlPresentations(session, city.settings.result_seconds)
        store.forget(now=city.clock.now())


def nobody(_asked: Asked) -> None:
    return


def refuse(asked: Asked) -> None:
    for _ in range(asked.city.settings.presentation_tries):
        shown = asked.show("id", type_id="digital_id")
        assert asked.answer({"id": [shown]}).status_code == 400


def decline(asked: Asked) -> None:
    assert (
        asked.post(error_form(VpCode.ACCESS_DENIED, state=asked.request.state)).status_code == 200
    )


def test_a_query_may_say_nothing_where_it_names_none() -> None:
    nothing = '{"credentials":[{"id":"a","claims":null}]}'
    assert without_values(nothing) is nothing
    claim = '{"path":["x"],"values":[1]}'
    named = f'{{"credentials":[{{"id":"a","claims":null}},{{"id":"b","claims":[{claim}]}}]}}'
    assert without_values(named) == named.replace(',"values":[1]', "")


@pytest.mark.parametrize("end", [nobody, refuse, decline])
def test_what_was_asked_of_somebody_goes_with_the_time_to_answer(
    city: City, end: Callable[[Asked], None]
) -> None:
    asked, key = of_somebody(city)
    end(asked)
    told = city.told(asked.id, key).json()
    city.clock.advance(city.settings.presentation_seconds - 1)
    sweep(city)
    assert holds(city, asked) == (True, True)
    city.clock.advance(1)
    sweep(city)
    assert holds(city, asked) == (False, False)
    later = city.told(asked.id, key).json()
    assert later == told | {"state": "expired" if end is nobody else told["state"]}


def test_what_was_asked_of_somebody_goes_with_the_result(city: City) -> None:
    name = holder(city)
    key = city.key()
    asked = city.asked(city.ask({"dcql_query": query(city, values=[name])}, key=key).json())
    assert asked.answer({"id": [asked.show("id", type_id="digital_id")]}).status_code == 200
    city.clock.advance(city.settings.presentation_seconds + city.settings.result_seconds - 1)
    sweep(city)
    assert name in row(city)
    city.clock.advance(1)
    sweep(city)
    assert name not in row(city)
    assert "birthdate" in row(city)
    assert city.told(asked.id, key).json()["state"] == "answered"


def test_what_was_asked_of_somebody_goes_when_the_result_is_given(city: City) -> None:
    name = holder(city)
    key, back = city.key(), "https://agency.example/back"
    wish = {"dcql_query": query(city, values=[name]), "return_to": back}
    asked = city.asked(city.ask(wish, key=key).json())
    answer = asked.answer({"id": [asked.show("id", type_id="digital_id")]})
    code = answer.json()["redirect_uri"].partition("?")[2]
    assert city.told(asked.id, key, f"?{code}").json()["result"]
    assert name not in row(city)


def test_before_the_sweep_it_is_as_after_it(city: City) -> None:
    asked, _ = of_somebody(city)
    city.clock.advance(city.settings.presentation_seconds)
    found = []
    for _ in range(2):
        with city.deps.database.transaction() as session:
            store = SqlPresentations(session, city.settings.result_seconds)
            found.append(store.find(TENANT, asked.id, now=city.clock.now()))
        sweep(city)
    before, after = found
    assert before == after
    assert after is not None
    assert json.loads(after.terms.query) == query(city)
    assert after.terms.manner.transaction_data == ()


def remembered() -> str:
    """Return what the verifier's functions keep for calls with the same arguments."""
    caches = (
        each
        for each in gc.get_objects()
        if isinstance(each, functools._lru_cache_wrapper)
        and each.__module__.startswith("verifier.")
    )
    kept = [held for cache in caches for held in gc.get_referents(cache) if type(held) is dict]
    return str([[*each] for each in kept])


def test_nothing_of_somebody_is_kept_in_the_process(city: City) -> None:
    asked, _ = of_somebody(city)
    assert asked.answer({"id": [asked.show("id", type_id="digital_id")]}).status_code == 400
    (encoded,) = asked.request.transaction_data or ()
    assert NAME not in remembered()
    assert encoded not in remembered()


def test_what_is_asked_of_anybody_is_read_once(city: City) -> None:
    city.asked(city.ask({"dcql_query": query(city)}, key=city.key()).json())
    assert json.dumps(query(city), separators=(",", ":")) in remembered()

"""What an examined answer hands on: the claims of valid certificates, and of no others."""

import asyncio

from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.oid4vp.response import PostedAnswer, answer_form, parse_posted
from madang.core.protocol.oid4vp.verdict import Standing
from tests.unit.verifier.world import NOW, TENANT, City
from verifier.presentations.answering import Examiner
from verifier.presentations.list_shelf import ListShelf
from verifier.presentations.model import Checked, Open, Use
from verifier.presentations.status_lists import Bounds, FetchedStatusLists
from verifier.presentations.store import SqlPresentations
from verifier.presentations.types import known_types


def examined(city: City, presentation: str, body: str) -> Checked:
    bounds = Bounds(100_000, 60, 600, 4, 1_000_000, 10)
    shelf = ListShelf(city.deps.database, bounds.lists, bounds.bytes)
    examiner = Examiner(
        trust=city.trust,
        lists=FetchedStatusLists(city.web, city.trust, bounds, shelf),
        lapses={Use.ELIGIBILITY: frozenset({"expired"})},
        limits=DEFAULT_LIMITS,
        max_age=300,
        max_skew=60,
        allow_loopback_http=False,
        types=known_types(city.deps.catalogue, city.deps.addresses),
    )
    with city.deps.database.reading() as session:
        found = SqlPresentations(session).find(TENANT, presentation, now=NOW)
    posted = parse_posted(body.encode())
    assert isinstance(found, Open)
    assert isinstance(posted, PostedAnswer)
    return asyncio.run(examiner.check(found, posted, now=NOW))


def test_a_lapsed_certificate_hands_on_no_claim(city: City) -> None:
    asked = city.ask_eligibility()
    old = asked.show("lease", city.credential("lease", exp=NOW - 3600))
    body = answer_form(asked.request, asked.everything(lease=old))
    checked = examined(city, asked.id, body)
    by_type = {proved.type_id: proved for proved in checked.credentials}
    lapsed = by_type.pop("lease")
    assert (lapsed.standing, dict(lapsed.claims)) == (Standing.EXPIRED, {})
    assert {proved.standing for proved in by_type.values()} == {Standing.VALID}
    assert by_type["digital_id"].claims == {"birth_year": 1997}
    assert checked.holder == city.land.holders[0].public_key.thumbprint()


def test_a_refused_answer_hands_on_nothing(city: City) -> None:
    asked = city.ask_eligibility()
    forged = asked.show("lease", holder=1)
    body = answer_form(asked.request, asked.everything(lease=forged))
    assert examined(city, asked.id, body) == Checked(
        (), "", ("key_binding_signature",), None, city.accreditations.registry(now=NOW).basis
    )


def test_what_is_proved_is_in_no_repr(city: City) -> None:
    asked = city.ask_eligibility()
    checked = examined(city, asked.id, answer_form(asked.request, asked.everything()))
    assert "1997" not in repr(checked)

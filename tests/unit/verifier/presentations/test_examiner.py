"""What an examined answer hands on: the claims of valid certificates, and of no others."""

import asyncio

from madang.core.protocol.dcql.authorities import Authorities
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.oid4vp.asked import asked_by
from madang.core.protocol.oid4vp.response import Answer, answer_form
from madang.core.protocol.oid4vp.verdict import Standing, Step
from madang.infra.federation import FederationBounds, FederationPaths
from tests.unit.verifier.world import NOW, TENANT, Asked, City
from verifier.presentations.answering import Examiner, read_posted
from verifier.presentations.list_shelf import ListShelf
from verifier.presentations.model import Checked, Judgement, Open, Use
from verifier.presentations.status_lists import Bounds, FetchedStatusLists
from verifier.presentations.store import SqlPresentations
from verifier.presentations.types import known_documents, known_types


def examined(city: City, asked: Asked, body: str) -> Checked:
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
        documents=known_documents(city.deps.catalogue),
        transaction_types={},
        authorities=Authorities(),
        federation=FederationPaths(city.web, {}, FederationBounds()),
    )
    with city.deps.database.reading() as session:
        found = SqlPresentations(session, 600).find(TENANT, asked.id, now=NOW)
    assert isinstance(found, Open)
    of_session, keys = asked_by(asked.request), {found.key["kid"]: found.key}
    came = read_posted(body.encode(), of_session, keys, DEFAULT_LIMITS)
    assert isinstance(came, Answer)
    return asyncio.run(examiner.check(found.terms, came, of_session, now=NOW))


def test_a_lapsed_certificate_hands_on_no_claim(city: City) -> None:
    asked = city.ask_eligibility()
    old = asked.show("lease", city.credential("lease", exp=NOW - 3600))
    body = answer_form(asked.request, asked.everything(lease=old))
    checked = examined(city, asked, body)
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
    checked = examined(city, asked, body)
    (reason,) = checked.judged.reasons
    assert (reason.code, reason.step) == ("key_binding_signature", Step.BINDING)
    assert reason.credential == "lease"
    basis = city.accreditations.registry(now=NOW).basis
    assert checked == Checked((), "", Judgement((reason,), None, basis))


def test_what_is_proved_is_in_no_repr(city: City) -> None:
    asked = city.ask_eligibility()
    checked = examined(city, asked, answer_form(asked.request, asked.everything()))
    assert "1997" not in repr(checked)

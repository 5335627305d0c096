"""Credentials of types outside the catalogue, from issuers under a configured anchor."""

import dataclasses

import pytest

from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.presented import Policy
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.status_check import StatusLookup
from madang.core.protocol.oid4vp.verdict import (
    PresentationVerdict,
    Standing,
    StatusSource,
    Step,
)
from madang.core.protocol.oid4vp.verification import conclude, examine
from madang.core.status.token_status_list import StatusList
from madang.core.trust.foreign import ForeignAnchors
from tests.unit.madang.core.protocol.oid4vp.answers import codes
from tests.unit.madang.core.protocol.oid4vp.city import ISSUER, LISTS, VCT, City, query_for
from tests.unit.madang.core.protocol.oid4vp.mdocs import (
    NAME,
    Licence,
    asked_for,
    mdoc_query,
    query_of,
)

LIBRARY = "https://library.example/card"
CARD = "org.library.card"
SUBJECT = "CN=leaf"


def asked_card(city: City) -> DcqlQuery:
    return query_for("id", "name", meta={"vct_values": [LIBRARY]})


def verdict_on(
    city: City,
    text: str,
    asked: Asked | None = None,
    *,
    policy: Policy | None = None,
    statuses: dict[StatusSource, StatusLookup] | None = None,
) -> PresentationVerdict:
    """Examine with the stranger's root as a foreign anchor."""
    held = policy or trusting(city)
    asked = asked or city.asked(asked_card(city))
    query_id = asked.query.credentials[0].id
    return conclude(examine(Answer({query_id: (text,)}, "s-1"), asked, held), statuses or {})


def trusting(city: City) -> Policy:
    trust = dataclasses.replace(city.trust, foreign=ForeignAnchors((city.foreign_root,)))
    return dataclasses.replace(city.policy, trust=trust)


def card(city: City, **changes: object) -> str:
    """Present a card of the library; it names no status unless told."""
    known: dict[str, object] = {"vct": LIBRARY, "status": None, "iss": "https://mapo.example"}
    text = city.credential("id", signer=city.stranger, **(known | changes))
    return city.presentation("id", ("name",), text=text)


def test_a_foreign_type_counts_by_its_chain(city: City) -> None:
    verdict = verdict_on(city, card(city))
    assert codes(verdict) == []
    (found,) = verdict.credentials
    assert (found.vct, found.type_id) == (LIBRARY, LIBRARY)
    assert found.issuer == "https://mapo.example"


def test_without_an_anchor_it_does_not(city: City) -> None:
    verdict = verdict_on(city, card(city), policy=city.policy)
    assert codes(verdict) == ["issuer_not_accredited"]


def test_an_issuer_that_its_certificate_does_not_name_is_called_by_its_subject(city: City) -> None:
    for iss in (None, "https://library.example", "https://mapo.example.evil.example"):
        verdict = verdict_on(city, card(city, iss=iss))
        assert codes(verdict) == []
        assert verdict.credentials[0].issuer == SUBJECT


def test_another_root_is_no_anchor(city: City) -> None:
    text = city.credential("id", vct=LIBRARY, status=None, iss=None)
    verdict = verdict_on(city, city.presentation("id", ("name",), text=text))
    assert codes(verdict) == ["unknown_anchor"]
    assert verdict.failures[0].step is Step.ISSUER
    assert verdict.standings[0].standing is Standing.UNTRUSTED


@pytest.mark.parametrize("iss", [ISSUER, "https://library.example"])
def test_an_anchor_says_nothing_about_types_of_the_catalogue(city: City, iss: str) -> None:
    text = card(city, vct=VCT["id"], iss=iss)
    verdict = verdict_on(city, text, city.asked(query_for("id", "name")))
    assert codes(verdict)[0] in {"unknown_anchor", "issuer_not_accredited"}


def test_a_status_that_a_foreign_credential_names_is_looked_at(city: City) -> None:
    text = card(city, status={"status_list": {"uri": LISTS, "idx": 7}})
    assert codes(verdict_on(city, text)) == ["status_list_unreachable"]
    revoked = StatusList.of_size(64)
    revoked.set(7, 1)
    source = StatusSource(LISTS, LIBRARY, "https://mapo.example")
    assert codes(verdict_on(city, text, statuses={source: revoked})) == ["status_revoked"]
    assert verdict_on(city, text, statuses={source: StatusList.of_size(64)}).ok


def asked_document(city: City) -> Asked:
    return asked_for(city, query_of(mdoc_query((CARD, "name"), meta={"doctype_value": CARD})))


def test_a_foreign_document_counts_by_its_chain(city: City) -> None:
    asked = asked_document(city)
    licence = Licence(city=city, issuer=city.stranger, doc_type=CARD, status=None)
    query = query_of(mdoc_query(*NAME, meta={"doctype_value": CARD}))
    asked = dataclasses.replace(asked, query=query)
    verdict = verdict_on(city, licence.shown(*NAME, asked=asked), asked)
    assert codes(verdict) == []
    assert verdict.credentials[0].issuer == SUBJECT
    ours = Licence(city=city, doc_type=CARD, status=None)
    assert codes(verdict_on(city, ours.shown(*NAME, asked=asked), asked)) == ["unknown_anchor"]
    without = verdict_on(city, licence.shown(*NAME, asked=asked), asked, policy=city.policy)
    assert codes(without) == ["issuer_not_accredited"]

"""The counter's clients: the same tests against the twins and against issuer and verifier."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import issuer.app
import issuer.settings
import verifier.app
import verifier.settings
from counter.cases.model import (
    Document,
    Evidence,
    OfferAnswer,
    OfferId,
    OfferState,
    PresentationState,
    TypeId,
)
from counter.cases.offices import Clerk, Office, OfficeRefused, Refused
from counter.client import Caller, IssuerClient, VerifierClient
from madang.infra.clock import FixedClock
from madang.infra.http import HttpxClient
from madang.infra.setup import StateFolders, keystore, prepare_state
from madang.infra.tenancy import Addresses
from tests.accreditations import KeptTwin, founded_in
from tests.unit.counter.world import (
    CATALOG,
    DOCUMENT,
    NOW,
    ORIGINS,
    TENANT,
    World,
    catalogue_once,
    run,
)

CLERK = Clerk(TENANT, "pseudonym-1", frozenset({"clerk"}))
TYPES = (TypeId("digital_id"),)
PURPOSE = "counter_identification"


@dataclass(frozen=True)
class Offices:
    """Both clients, a document that the register knows, and how to make it unknown."""

    issuer: IssuerClient
    verifier: VerifierClient
    document: Document
    stranger: Callable[[Document], Document]


def _twins(world: World) -> Offices:
    deps = world.deps
    caller = Caller(deps.http, deps.addresses, deps.signers, deps.clock)
    document = Document(**{**DOCUMENT, "evidence": Evidence.PASSPORT})  # type: ignore[arg-type]  # a table

    def stranger(document: Document) -> Document:
        world.issuer.refusal = (404, "not_in_register", None)
        return document

    return Offices(IssuerClient(caller), VerifierClient(caller, PURPOSE), document, stranger)


def _real(state: Path) -> Offices:
    common = {
        "state_dir": state,
        "catalog_dir": CATALOG,
        "key_passphrase": SecretStr("for the test"),
        "origins": ORIGINS,
    }
    of_issuer, of_verifier = (
        issuer.settings.Settings(**common),
        verifier.settings.Settings(**common),
    )
    catalogue, clock = catalogue_once(CATALOG), FixedClock(NOW)
    addresses = Addresses(catalogue.tenants, ORIGINS)
    prepare_state(of_issuer, catalogue, addresses, clock)
    known = KeptTwin(founded_in(StateFolders(state), catalogue, addresses, NOW))
    outside: dict[str, Any] = {"clock": clock, "accreditations": known}
    issuing = replace(issuer.app.production(of_issuer), **outside)
    apps = {
        ORIGINS["issuer"]: issuer.app.build(of_issuer, issuing),
        ORIGINS["verifier"]: verifier.app.build(
            of_verifier, replace(verifier.app.production(of_verifier), **outside)
        ),
    }
    keys = keystore(of_issuer)
    signers = {t: keys.signer(t, "service-counter") for t in catalogue.tenants.ids()}
    caller = Caller(HttpxClient(apps=apps), addresses, signers, clock)
    person = next(iter(issuing.register.residents(TENANT)))
    document = Document(
        person.name, person.birthdate.isoformat(), person.document_number, Evidence.RESIDENT_CARD
    )
    return Offices(
        IssuerClient(caller),
        VerifierClient(caller, PURPOSE),
        document,
        lambda known: replace(known, document_number="000000-0000000"),
    )


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Offices:
    return _real(tmp_path_factory.mktemp("state"))


@pytest.fixture(params=["twins", "real"])
def offices(request: pytest.FixtureRequest, world: World) -> Offices:
    found: Offices = _twins(world) if request.param == "twins" else request.getfixturevalue("real")
    return found


def test_the_types_with_their_names(offices: Offices) -> None:
    types = {each.id: each for each in run(offices.issuer.types(CLERK))}
    assert not types[TypeId("digital_id")].requires_digital_id
    assert types[TypeId("lease")].requires_digital_id
    assert {"ko", "en", "ja"} <= types[TypeId("lease")].names.keys()


def test_an_offer_to_somebody_in_the_register(offices: Offices) -> None:
    proofing = run(offices.issuer.prove(CLERK, offices.document))
    link = run(offices.issuer.offer_to_proven(CLERK, proofing, TYPES))
    assert link.uri.startswith("openid-credential-offer://?")
    assert link.tx_code.isdecimal()
    assert link.expires_at > NOW
    answer = run(offices.issuer.offered(CLERK, OfferId(link.thing)))
    assert answer == OfferAnswer(OfferState.OFFERED)


def test_a_new_code_for_the_same_offer(offices: Offices) -> None:
    proofing = run(offices.issuer.prove(CLERK, offices.document))
    link = run(offices.issuer.offer_to_proven(CLERK, proofing, TYPES))
    renewed = run(offices.issuer.renew(CLERK, OfferId(link.thing)))
    assert renewed.thing == link.thing
    assert renewed.tx_code.isdecimal()


def test_a_presentation_that_waits(offices: Offices) -> None:
    link = run(offices.verifier.ask(CLERK))
    assert "://?" in link.uri
    assert link.tx_code == ""
    answer = run(offices.verifier.presentation(CLERK, link.thing))  # type: ignore[arg-type]  # an id as told
    assert answer.state is PresentationState.OPEN
    assert (answer.failures, answer.result, answer.status_as_of) == ((), None, None)


def test_somebody_who_is_not_in_the_register(offices: Offices) -> None:
    stranger = offices.stranger(offices.document)
    with pytest.raises(OfficeRefused) as refused:
        run(offices.issuer.prove(CLERK, stranger))
    assert refused.value.code is Refused.NOT_IN_REGISTER


class TestReal:
    """Refusals as issuer and verifier themselves word them."""

    def refusal(self, real: Offices, proofing: str, *types: str) -> OfficeRefused:
        wanted = tuple(map(TypeId, types))
        with pytest.raises(OfficeRefused) as refused:
            run(real.issuer.offer_to_proven(CLERK, proofing, wanted))  # type: ignore[arg-type]
        return refused.value

    def test_a_proofing_that_is_not_there(self, real: Offices) -> None:
        assert self.refusal(real, "unknown", "digital_id").code is Refused.PROOFING_UNKNOWN

    def test_a_certificate_without_the_digital_id(self, real: Offices) -> None:
        proofing = run(real.issuer.prove(CLERK, real.document))
        assert self.refusal(real, proofing, "lease").code is Refused.DIGITAL_ID_REQUIRED

    def test_a_type_that_is_not_there(self, real: Offices) -> None:
        assert self.refusal(real, "unknown", "moon").code is Refused.TYPE_UNKNOWN

    def test_a_presentation_result_that_nobody_signed(self, real: Offices) -> None:
        with pytest.raises(OfficeRefused) as refused:
            run(real.issuer.offer_to_holder(CLERK, "a.b.c", (TypeId("lease"),)))
        assert refused.value.code is Refused.PRESENTATION_REFUSED

    def test_an_offer_that_is_not_there(self, real: Offices) -> None:
        with pytest.raises(OfficeRefused) as refused:
            run(real.issuer.offered(CLERK, OfferId("unknown")))
        assert refused.value.code is Refused.OFFER_UNKNOWN

    def test_a_purpose_that_is_not_registered(self, real: Offices) -> None:
        with pytest.raises(OfficeRefused) as refused:
            run(replace(real.verifier, purpose="curiosity").ask(CLERK))
        assert (refused.value.office, refused.value.code) == (Office.VERIFIER, Refused.OTHER)

    def test_somebody_who_is_no_clerk(self, real: Offices) -> None:
        agency = replace(CLERK, roles=frozenset({"agency"}))
        with pytest.raises(OfficeRefused) as refused:
            run(real.issuer.types(agency))
        assert refused.value.code is Refused.OTHER

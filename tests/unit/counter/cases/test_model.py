import pytest

from counter.cases.model import (
    Asked,
    Case,
    CaseId,
    Document,
    Evidence,
    Ground,
    Link,
    Offered,
    OfferId,
    OfferState,
    Opened,
    PresentationId,
    PresentationState,
    Stage,
    TypeId,
    WrongStep,
)


def case(stage: Stage) -> Case:
    return Case(CaseId("case"), "hanbit", 0, stage)


def offered(ground: Ground, state: OfferState) -> Offered:
    return Offered(OfferId("offer"), ground, (TypeId("lease"),), state)


def asked(state: PresentationState) -> Asked:
    return Asked(PresentationId("presentation"), state)


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        (Opened(), 1),
        (offered(Ground.DOCUMENT, OfferState.OFFERED), 1),
        (offered(Ground.DOCUMENT, OfferState.CODE_USED), 1),
        (offered(Ground.DOCUMENT, OfferState.ISSUED), 2),
        (asked(PresentationState.OPEN), 2),
        (asked(PresentationState.REFUSED), 2),
        (asked(PresentationState.ANSWERED), 3),
        (offered(Ground.DIGITAL_ID, OfferState.OFFERED), 3),
        (offered(Ground.DIGITAL_ID, OfferState.ISSUED), 4),
    ],
)
def test_the_step_follows_from_the_stage(stage: Stage, step: int) -> None:
    assert case(stage).step == step


WAITING: list[Stage] = [
    offered(Ground.DOCUMENT, OfferState.OFFERED),
    offered(Ground.DIGITAL_ID, OfferState.CODE_USED),
    asked(PresentationState.OPEN),
]


@pytest.mark.parametrize("stage", WAITING)
def test_a_page_waits_while_the_wallet_may_act(stage: Stage) -> None:
    assert case(stage).waiting


@pytest.mark.parametrize(
    "stage",
    [
        Opened(),
        *(offered(Ground.DOCUMENT, s) for s in OfferState if s not in {"offered", "code_used"}),
        *(asked(state) for state in PresentationState if state != "open"),
    ],
)
def test_no_page_waits_for_what_has_ended(stage: Stage) -> None:
    assert not case(stage).waiting


def test_identity_is_proved_in_a_new_case_only() -> None:
    assert case(Opened()).unproven() == case(Opened())
    others: list[Stage] = [*WAITING, asked(PresentationState.ANSWERED)]
    for stage in others:
        with pytest.raises(WrongStep):
            case(stage).unproven()


@pytest.mark.parametrize(
    "stage",
    [
        Opened(),
        *(offered(Ground.DOCUMENT, state) for state in OfferState),
        asked(PresentationState.REFUSED),
        asked(PresentationState.EXPIRED),
        asked(PresentationState.ANSWERED),
        offered(Ground.DIGITAL_ID, OfferState.ISSUED),
        offered(Ground.DIGITAL_ID, OfferState.EXPIRED),
    ],
)
def test_a_presentation_can_be_asked_for(stage: Stage) -> None:
    assert case(stage).idle().askable


@pytest.mark.parametrize(
    "stage",
    [
        asked(PresentationState.OPEN),
        offered(Ground.DIGITAL_ID, OfferState.OFFERED),
        offered(Ground.DIGITAL_ID, OfferState.CODE_USED),
    ],
)
def test_no_second_presentation_while_one_counts(stage: Stage) -> None:
    with pytest.raises(WrongStep):
        case(stage).idle()


def test_only_an_answered_presentation_leads_to_certificates() -> None:
    assert case(asked(PresentationState.ANSWERED)).answered().presentation == "presentation"
    others = [asked(state) for state in PresentationState if state != "answered"]
    for stage in (Opened(), *others, offered(Ground.DIGITAL_ID, OfferState.ISSUED)):
        with pytest.raises(WrongStep):
            case(stage).answered()


@pytest.mark.parametrize("state", ["code_used", "expired", "burnt"])
def test_an_offer_that_did_not_arrive_can_be_renewed(state: str) -> None:
    assert offered(Ground.DOCUMENT, OfferState(state)).renewable


@pytest.mark.parametrize("state", ["offered", "issued"])
def test_an_offer_that_is_good_or_done_cannot_be_renewed(state: str) -> None:
    assert not offered(Ground.DOCUMENT, OfferState(state)).renewable


def test_only_the_case_s_own_offer_is_found() -> None:
    expired = offered(Ground.DOCUMENT, OfferState.EXPIRED)
    assert case(expired).offered("offer") is expired
    for stage, offer in ((expired, "another"), (Opened(), "offer")):
        with pytest.raises(WrongStep):
            case(stage).offered(offer)


def test_secrets_and_persons_are_in_no_repr() -> None:
    link = Link("offer-1", "openid-credential-offer://secret", "493518", 0)
    document = Document("김하늘", "1996-04-23", "960423-2000017", Evidence.PASSPORT)
    shown = repr(link) + repr(document)
    for secret in ("secret", "493518", "김하늘", "1996", "960423"):
        assert secret not in shown

"""Records: added and removed by decisions, suspended at once, resumed by a decision alone."""

import pytest
from actions import ADD, ISSUER, LOG, REMOVE, RESUME, SUSPEND, VERIFIER, WITNESS, ZERO_ADDRESS
from federation import DOCUMENT, Federation, record_id, word
from harness import DELAY

OTHER = b'{"id":"https://hanbit.example/hanbit/verifier","kind":"verifier"}'


@pytest.fixture
def record(federation: Federation) -> bytes:
    return federation.add()


def times(federation: Federation, record: bytes) -> tuple[int, int, int]:
    found = federation.accreditation.record(record)
    return found.since, found.suspended, found.removed


@pytest.mark.parametrize("kind", [ISSUER, VERIFIER, WITNESS, LOG])
def test_a_record_is_added_by_a_decision(federation: Federation, kind: int) -> None:
    federation.decide(ADD, target=word(kind), account=federation.body, document=DOCUMENT)
    record = record_id(DOCUMENT)
    [(_, change), (name, added)] = federation.events()
    assert (change["action"], change["target"], change["account"]) == (1, record, federation.body)
    assert (change["number"], change["proposal"]) == (kind, 1)
    assert name == "RecordAdded"
    assert added == {"id": record, "kind": kind, "body": federation.body, "document": DOCUMENT}
    contract = federation.accreditation
    assert tuple(contract.record(record)) == (kind, federation.body, federation.now, 0, 0)
    assert (contract.recordCount(), contract.recordAt(0)) == (1, record)


def test_records_are_counted_in_their_order(federation: Federation, record: bytes) -> None:
    other = federation.add(OTHER, VERIFIER)
    contract = federation.accreditation
    assert [contract.recordAt(n) for n in range(3)] == [record, other, bytes(32)]
    assert contract.recordCount() == 2


@pytest.mark.parametrize("kind", [5, 256, 2**255])
def test_there_are_four_kinds(federation: Federation, kind: int) -> None:
    with federation.refuses("no such kind"):
        federation.propose(ADD, target=word(kind), account=federation.body, document=DOCUMENT)


def test_a_document_is_added_once(federation: Federation, record: bytes) -> None:
    with federation.at(federation.members[0]):
        proposal = federation.accreditation.propose(
            ADD, word(VERIFIER), federation.stranger, 0, DOCUMENT
        )
    federation.approve(proposal, 1, 2)
    federation.later(DELAY)
    with federation.refuses("record exists"):
        federation.execute(proposal, DOCUMENT)


def test_of_two_additions_of_one_document_the_first_counts(federation: Federation) -> None:
    arguments = {"target": word(ISSUER), "document": DOCUMENT}
    waiting = federation.agreed(ADD, account=federation.stranger, **arguments)
    federation.decide(ADD, account=federation.body, **arguments)
    with federation.refuses("overtaken"):
        federation.execute(waiting, DOCUMENT)


def test_documents_of_one_body_do_not_overtake_one_another(federation: Federation) -> None:
    arguments = {"target": word(ISSUER), "account": federation.body}
    waiting = federation.agreed(ADD, document=OTHER, **arguments)
    federation.decide(ADD, document=DOCUMENT, **arguments)
    federation.execute(waiting, OTHER)
    assert federation.accreditation.recordCount() == 2


def test_a_body_suspends_itself_at_once(federation: Federation, record: bytes) -> None:
    since, *_ = times(federation, record)
    federation.later(60)
    federation.suspend(record)
    [change] = federation.changes()
    assert (change["action"], change["target"], change["proposal"]) == (SUSPEND, record, 0)
    assert times(federation, record) == (since, federation.now, 0)
    with federation.at(federation.body), federation.refuses("suspended already"):
        federation.accreditation.suspend(record)


def test_only_the_body_suspends_by_itself(federation: Federation, record: bytes) -> None:
    for account in (federation.members[0], federation.stranger, federation.founder):
        with federation.at(account), federation.refuses("not the body"):
            federation.accreditation.suspend(record)
    for account in (federation.body, ZERO_ADDRESS):
        with federation.at(account), federation.refuses("no such record"):
            federation.accreditation.suspend(record_id(OTHER))


def test_a_quorum_suspends_without_waiting(federation: Federation, record: bytes) -> None:
    proposal = federation.propose(SUSPEND, target=record)
    federation.approve(proposal, 1)
    with federation.refuses("no quorum"):
        federation.execute(proposal)
    federation.approve(proposal, 2)
    federation.execute(proposal)
    [change] = federation.changes()
    assert (change["action"], change["target"], change["proposal"]) == (SUSPEND, record, proposal)
    assert times(federation, record)[1] == federation.now


def test_members_resume_after_the_time_lock(federation: Federation, record: bytes) -> None:
    federation.suspend(record)
    proposal = federation.propose(RESUME, target=record)
    federation.approve(proposal, 1, 2)
    federation.later(DELAY - 1)
    with federation.refuses("too early"):
        federation.execute(proposal)
    federation.later(1)
    federation.execute(proposal)
    [change] = federation.changes()
    assert (change["action"], change["target"], change["proposal"]) == (RESUME, record, proposal)
    assert times(federation, record)[1:] == (0, 0)


def test_nothing_is_resumed_beforehand(federation: Federation, record: bytes) -> None:
    with federation.refuses("not suspended"):
        federation.propose(RESUME, target=record)


def test_an_old_vote_does_not_resume_from_a_new_suspension(
    federation: Federation, record: bytes
) -> None:
    federation.suspend(record)
    waiting = federation.agreed(RESUME, target=record)
    federation.decide(RESUME, target=record)
    federation.suspend(record)
    with federation.refuses("overtaken"):
        federation.execute(waiting)
    assert times(federation, record)[1] == federation.now


def test_an_old_vote_does_not_suspend_after_a_resumption(
    federation: Federation, record: bytes
) -> None:
    waiting = federation.agreed(SUSPEND, target=record)
    federation.suspend(record)
    with federation.refuses("suspended already"):
        federation.execute(waiting)
    federation.decide(RESUME, target=record)
    with federation.refuses("overtaken"):
        federation.execute(waiting)


def test_a_resumption_overtakes_a_removal_and_a_suspension_does_not(
    federation: Federation, record: bytes
) -> None:
    waiting = federation.agreed(REMOVE, target=record)
    federation.decide(SUSPEND, target=record)
    federation.decide(RESUME, target=record)
    with federation.refuses("overtaken"):
        federation.execute(waiting)
    federation.decide(SUSPEND, target=record)
    federation.decide(REMOVE, target=record)
    assert times(federation, record)[2] == federation.now


@pytest.mark.parametrize("suspended", [False, True])
def test_a_removal_is_final_and_keeps_how_it_was(
    federation: Federation, record: bytes, *, suspended: bool
) -> None:
    waiting = federation.agreed(REMOVE, target=record)
    if suspended:
        federation.suspend(record)
    since, since_when, _ = times(federation, record)
    federation.later(60)
    federation.execute(waiting)
    [change] = federation.changes()
    assert (change["action"], change["target"], change["proposal"]) == (REMOVE, record, waiting)
    assert times(federation, record) == (since, since_when, federation.now)
    with federation.at(federation.body), federation.refuses("removed"):
        federation.accreditation.suspend(record)
    for action in (REMOVE, SUSPEND, RESUME):
        with federation.refuses("removed"):
            federation.propose(action, target=record)


def test_what_waits_about_a_removed_record_stays_undone(
    federation: Federation, record: bytes
) -> None:
    federation.suspend(record)
    removal = federation.agreed(REMOVE, target=record)
    waiting = {
        federation.agreed(REMOVE, target=record): "overtaken",
        federation.agreed(RESUME, target=record): "removed",
        federation.agreed(SUSPEND, target=record): "removed",
    }
    federation.execute(removal)
    before = times(federation, record)
    for proposal, reason in waiting.items():
        with federation.refuses(reason):
            federation.execute(proposal)
    assert times(federation, record) == before


def test_a_removed_document_never_comes_back(federation: Federation, record: bytes) -> None:
    federation.decide(REMOVE, target=record)
    again = federation.agreed(
        ADD, target=word(ISSUER), account=federation.stranger, document=DOCUMENT
    )
    with federation.refuses("record exists"):
        federation.execute(again, DOCUMENT)

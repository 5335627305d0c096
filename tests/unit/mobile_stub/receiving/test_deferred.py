"""What issuers promise comes later, and only once."""

import asyncio

import pytest

from mobile_stub.receiving.deliveries import Told
from mobile_stub.receiving.model import WAITING
from tests.unit.mobile_stub.receiving.page import Page, bound_well, taken
from tests.unit.mobile_stub.receiving.provider import PROVIDER, Answer
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import NOW, World, run


def test_what_is_promised_is_fetched_when_it_is_due_after_a_restart_too(
    world: World, office: Office, page: Page
) -> None:
    office.pending = 1
    (told,) = taken(world, office.by_log_in(), page)
    assert told == {"type": "digital_id", "waiting": True, "next_at": NOW + 5}
    assert world.vault.copies() == []
    world.vault.close()
    world.open(provider=PROVIDER)
    assert run(world.wallet.receiver.waiting(NOW + 4)) == [told]
    assert not office.sent("deferred")
    later = {**told, "next_at": NOW + 5 + 7}
    assert run(world.wallet.receiver.waiting(NOW + 5)) == [later]
    (came,) = run(world.wallet.receiver.waiting(NOW + 12))
    assert came["copies"] == 3
    assert bound_well(world)
    assert run(world.wallet.receiver.waiting(NOW + 13)) == []
    assert [each["event"] for each in office.events] == ["credential_accepted"]


def test_no_issuer_keeps_the_wallet_from_asking_for_longer_than_a_day(
    world: World, office: Office, page: Page
) -> None:
    office.pending = 1

    def much_later(
        answer: tuple[int, object, dict[str, str]],
    ) -> tuple[int, object, dict[str, str]]:
        status, body, headers = answer
        if isinstance(body, dict) and "interval" in body:
            body = {**body, "interval": 10**9}
        return status, body, headers

    office.bend = {"credential": much_later, "deferred": much_later}
    (told,) = taken(world, office.by_log_in(), page)
    assert told["next_at"] == NOW + 86_400
    assert run(world.wallet.receiver.waiting(NOW, early=True)) == [told]


def test_an_issuer_that_names_no_interval_is_asked_again_soon_and_not_at_once(
    world: World, office: Office, page: Page
) -> None:
    office.pending = 1

    def untimed(answer: Answer) -> Answer:
        status, body, headers = answer
        if isinstance(body, dict):
            body = {name: value for name, value in body.items() if name != "interval"}
        return status, body, headers

    office.bend = {"credential": untimed, "deferred": untimed}
    (told,) = taken(world, office.by_log_in(), page)
    assert told == {"type": "digital_id", "waiting": True, "next_at": NOW + 5}
    (still,) = run(world.wallet.receiver.waiting(NOW + 5))
    assert still == {**told, "next_at": NOW + 10}
    assert run(world.wallet.receiver.waiting(NOW + 10))[0]["copies"] == 3


def test_a_promise_is_asked_for_again_after_a_lost_answer(
    world: World, office: Office, page: Page
) -> None:
    office.pending = 0
    taken(world, office.by_log_in(), page)
    office.lose = ["deferred", "deferred"]
    for _ in "ab":
        (told,) = run(world.wallet.receiver.waiting(NOW + 5))
        assert (told["error"], told["waiting"]) == ("no_answer", True)
    assert run(world.wallet.receiver.waiting(NOW + 5))[0]["copies"] == 3


def test_a_promise_that_was_kept_in_a_lost_answer_is_asked_for_anew(
    world: World, office: Office, page: Page
) -> None:
    office.pending = 0
    taken(world, office.by_log_in(), page)
    office.lose = ["deferred"]
    run(world.wallet.receiver.waiting(NOW + 5))
    office.bend["deferred"] = lambda _: (400, {"error": "invalid_transaction_id"}, {})
    office.pending = 1
    (again,) = run(world.wallet.receiver.waiting(NOW + 6))
    assert again == {"type": "digital_id", "waiting": True, "next_at": NOW + 6 + 5}
    office.pending, office.lose = 0, ["deferred"]
    run(world.wallet.receiver.waiting(NOW + 11))
    office.pending = None
    (came,) = run(world.wallet.receiver.waiting(NOW + 12))
    assert came["copies"] == 3
    assert bound_well(world)
    assert world.vault.papers(WAITING) == {}
    assert [each["event"] for each in office.events] == ["credential_accepted"]


def test_a_promise_that_was_kept_in_an_answer_nobody_can_unpack_is_asked_for_anew(
    world: World, office: Office, page: Page
) -> None:
    office.pending = 0
    taken(world, office.by_log_in(), page)
    office.bend["deferred"] = lambda answer: (
        (200, b"cut", {"content-encoding": "gzip"}) if answer[0] == 200 else answer
    )
    (told,) = run(world.wallet.receiver.waiting(NOW + 5))
    assert (told["error"], told["waiting"]) == ("answer_unreadable", True)
    assert run(world.wallet.receiver.waiting(NOW + 6))[0]["copies"] == 3


def test_a_question_that_was_answered_by_a_refusal_is_open_no_more(
    world: World, office: Office, page: Page
) -> None:
    office.pending = 0
    taken(world, office.by_log_in(), page)
    for error in ("server_error", "invalid_transaction_id"):
        office.bend["deferred"] = lambda _, error=error: (400, {"error": error}, {})
        (told,) = run(world.wallet.receiver.waiting(NOW + 5))
        assert told["error"] == error
    assert not told["waiting"]
    assert len(office.requests) == 1


@pytest.mark.parametrize("error", ["invalid_transaction_id", "credential_request_denied"])
def test_a_promise_that_is_taken_back_is_told_once(
    error: str, world: World, office: Office, page: Page
) -> None:
    office.pending = 0
    taken(world, office.by_log_in(), page)
    office.bend["deferred"] = lambda answer: (
        (400, {"error": error}, {}) if answer[0] == 200 else answer
    )
    (told,) = run(world.wallet.receiver.waiting(NOW + 5))
    assert (told["error"], told["waiting"]) == (error, False)
    assert world.vault.papers(WAITING) == {}


def test_an_accepted_offer_that_waits_is_not_asked_for_twice(
    world: World, office: Office, page: Page
) -> None:
    office.pending = 3
    scan = run(world.wallet.open(office.by_log_in()))
    first = run(world.wallet.receiver.accept(scan, None, NOW, page))
    again = run(world.wallet.receiver.accept(world.vault.scan(scan.id), None, NOW, page))
    assert first == again
    assert len(office.requests) == 1


def test_two_who_ask_at_once_fetch_a_promise_once(world: World, office: Office, page: Page) -> None:
    office.pending = 0
    taken(world, office.by_log_in(), page)
    receiver = world.wallet.receiver

    async def both() -> list[list[Told]]:
        return await asyncio.gather(receiver.waiting(NOW + 5), receiver.waiting(NOW + 5))

    (came,), nothing = run(both())
    assert (came["copies"], nothing) == (3, [])
    assert len(world.vault.copies()) == 3

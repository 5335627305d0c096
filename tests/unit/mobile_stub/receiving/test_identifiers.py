"""Several certificates of one configuration (section 6.2): all come, each with its own copies."""

import pytest

from mobile_stub.errors import WalletError
from mobile_stub.receiving import receiver
from mobile_stub.receiving.model import WAITING
from tests.unit.mobile_stub.receiving.page import Page, bound_well, taken
from tests.unit.mobile_stub.receiving.provider import PROVIDER
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import NOW, World, run

BOTH = ["id of lease", "jd of lease"]


@pytest.fixture
def office(office: Office) -> Office:
    office.server_metadata["authorization_details_types_supported"] = ["openid_credential"]
    office.several = 2
    return office


def named(office: Office) -> list[str]:
    return [body["credential_identifier"] for body in office.requests]


def test_every_identifier_is_asked_for_and_keeps_its_own_copies(
    world: World, office: Office, page: Page
) -> None:
    told = taken(world, office.by_log_in("lease"), page)
    assert named(office) == BOTH
    assert [(each["identifier"], each["copies"]) for each in told] == [(one, 3) for one in BOTH]
    kept = [(copy.identifier, copy.number) for copy in world.vault.copies()]
    assert sorted(kept) == [(one, number) for one in BOTH for number in range(3)]
    assert bound_well(world)
    assert len(office.events) == 2


def test_identifiers_of_one_configuration_may_come_in_several_details(
    world: World, office: Office, page: Page
) -> None:
    one = {"type": "openid_credential", "credential_configuration_id": "lease"}
    granted = [{**one, "credential_identifiers": [each]} for each in BOTH]
    office.bend["token"] = lambda answer: (
        (200, {**answer[1], "authorization_details": granted}, {}) if answer[0] == 200 else answer
    )
    taken(world, office.by_log_in("lease"), page)
    assert named(office) == BOTH


def test_what_comes_again_takes_the_place_of_its_own_copies_alone(
    world: World, office: Office, page: Page
) -> None:
    (_, second) = taken(world, office.by_log_in("lease"), page)
    before = {copy.digest for copy in world.vault.copies()}
    run(world.wallet.receiver.renew(second["digests"][0], NOW))
    assert named(office)[2:] == BOTH[1:]
    after = {copy.digest for copy in world.vault.copies()}
    assert before - after == {*second["digests"]}
    assert len(after) == 6


def test_one_that_came_is_not_asked_for_again_when_the_next_was_lost(
    world: World, office: Office, page: Page
) -> None:
    scan = run(world.wallet.open(office.by_log_in("lease", "digital_id")))
    refused = {"jd of lease": 1}

    def once(answer: tuple[int, object, dict[str, str]]) -> tuple[int, object, dict[str, str]]:
        name = office.requests[-1]["credential_identifier"] if office.requests else ""
        if answer[0] == 200 and refused.pop(name, None):
            return 400, {"error": "credential_request_denied"}, {}
        return answer

    office.bend["credential"] = once
    with pytest.raises(WalletError):
        run(world.wallet.receiver.accept(scan, None, NOW, page))
    assert len(world.vault.copies()) == 3
    world.vault.close()
    world.open(provider=PROVIDER)
    kept = world.vault.scan(scan.id)
    assert world.wallet.receiver.begun(kept)
    told = run(world.wallet.receiver.accept(kept, None, NOW, page))
    assert [each["identifier"] for each in told] == [
        *BOTH,
        "id of digital_id",
        "jd of digital_id",
    ]
    assert named(office)[:3] == [*BOTH, "jd of lease"]
    assert named(office).count("id of lease") == 1
    done = world.vault.scan(scan.id)
    assert not world.wallet.receiver.begun(done)
    assert run(world.wallet.receiver.accept(done, None, NOW + 9_999, page)) == told


def test_each_can_be_promised_for_later(world: World, office: Office, page: Page) -> None:
    office.pending = 0
    told = taken(world, office.by_log_in("lease"), page)
    assert [(each["identifier"], each["waiting"]) for each in told] == [(one, True) for one in BOTH]
    came = run(world.wallet.receiver.waiting(NOW + 9))
    assert [(each["identifier"], each["copies"]) for each in came] == [(one, 3) for one in BOTH]
    assert {copy.identifier for copy in world.vault.copies()} == {*BOTH}
    assert world.vault.papers(WAITING) == {}


def test_a_flood_of_identifiers_is_refused_before_anything_is_asked_for(
    world: World, office: Office, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "MAX_IDENTIFIERS", 1)
    with pytest.raises(WalletError, match="too_many_identifiers"):
        taken(world, office.by_log_in("lease"), page)
    assert office.requests == []

"""Cut off at any step and done again: nothing is lost, nothing fetched twice."""

import sqlite3
from dataclasses import replace

import pytest

from mobile_stub.errors import WalletError
from mobile_stub.receiving.model import GRANTED
from tests.unit.mobile_stub.receiving.page import Page, bound_well, issue, taken
from tests.unit.mobile_stub.receiving.provider import PROVIDER
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import NOW, World, run


@pytest.mark.parametrize("path", ["par", "token", "challenge", "nonce", "credential"])
def test_whatever_answer_is_lost_the_next_try_gets_there(
    path: str, world: World, office: Office, page: Page
) -> None:
    scan = run(world.wallet.open(office.by_log_in()))
    office.lose = [path]
    with pytest.raises(WalletError) as refused:
        run(world.wallet.receiver.accept(scan, None, NOW, page))
    assert refused.value.code == "no_answer"
    world.vault.close()
    world.open(provider=PROVIDER)
    scan = world.vault.scan(scan.id)
    assert run(world.wallet.receiver.accept(scan, None, NOW, page))[0]["copies"] == 3
    assert bound_well(world)


def test_a_code_that_came_is_tried_before_the_person_is_asked_again(
    world: World, office: Office, page: Page
) -> None:
    scan = run(world.wallet.open(office.by_log_in()))
    office.closed = True
    with pytest.raises(WalletError) as refused:
        run(world.wallet.receiver.accept(scan, None, NOW, page))
    assert refused.value.code == "temporarily_unavailable"
    office.closed = False
    run(world.wallet.receiver.accept(world.vault.scan(scan.id), None, NOW, page))
    assert len(page.opened) == 1


def test_what_came_is_not_asked_for_again_when_a_later_part_failed(
    world: World, office: Office, page: Page
) -> None:
    scan = run(world.wallet.open(office.by_log_in("digital_id", "lease")))
    office.issued = lambda _name, key: issue("digital_id", key)
    with pytest.raises(WalletError):
        run(world.wallet.receiver.accept(scan, None, NOW, page))
    office.issued = issue
    again = run(world.wallet.receiver.accept(world.vault.scan(scan.id), None, NOW, page))
    assert [each["copies"] for each in again] == [3, 3]
    asked = [body["credential_configuration_id"] for body in office.requests]
    assert asked == ["digital_id", "lease", "lease"]
    assert len(world.vault.papers(GRANTED)) == 1


def as_kept_before(world: World, scan_id: str) -> None:
    """Make the file one of a wallet that knew one certificate of a configuration alone."""
    scan = world.vault.scan(scan_id)
    done = {name: told[0] for name, told in scan.progress["done"].items()}
    world.vault.keep_scan(replace(scan, progress={**scan.progress, "done": done}))
    world.vault.close()
    with sqlite3.connect(world.settings.folder / "wallet.sqlite") as file:
        file.execute("ALTER TABLE copy DROP COLUMN identifier")
    file.close()
    world.open(provider=PROVIDER)


def test_a_scan_that_was_cut_off_before_goes_on(world: World, office: Office, page: Page) -> None:
    scan = run(world.wallet.open(office.by_log_in("digital_id", "lease")))
    office.issued = lambda _name, key: issue("digital_id", key)
    with pytest.raises(WalletError):
        run(world.wallet.receiver.accept(scan, None, NOW, page))
    office.issued = issue
    as_kept_before(world, scan.id)
    again = run(world.wallet.receiver.accept(world.vault.scan(scan.id), None, NOW, page))
    assert [(each["type"], each["copies"]) for each in again] == [("digital_id", 3), ("lease", 3)]
    asked = [body["credential_configuration_id"] for body in office.requests]
    assert asked == ["digital_id", "lease", "lease"]


def test_what_all_came_before_is_told_again(world: World, office: Office, page: Page) -> None:
    scan = run(world.wallet.open(office.by_log_in("digital_id", "lease")))
    told = run(world.wallet.receiver.accept(scan, None, NOW, page))
    as_kept_before(world, scan.id)
    assert run(world.wallet.receiver.accept(world.vault.scan(scan.id), None, NOW, page)) == told


def test_what_all_came_is_told_again_when_its_permission_is_over(
    world: World, office: Office, page: Page
) -> None:
    scan = run(world.wallet.open(office.pre_authorized(tx_code=False)))
    told = run(world.wallet.receiver.accept(scan, None, NOW, page))
    office.closed = True
    kept = world.vault.scan(scan.id)
    assert run(world.wallet.receiver.accept(kept, None, NOW + 3600, page)) == told
    assert len(office.sent("credential")) == 2


def test_an_offer_that_was_cut_off_goes_on_from_its_link_with_the_same_permission(
    world: World, office: Office, page: Page
) -> None:
    link = office.pre_authorized(tx_code=False)
    first = run(world.wallet.open(link))
    office.lose = ["credential"]
    with pytest.raises(WalletError):
        run(world.wallet.receiver.accept(first, None, NOW, page))
    office.closed = True
    again = run(world.wallet.open(link))
    assert again.id == first.id
    assert run(world.wallet.receiver.accept(again, None, NOW, page))[0]["copies"] == 3
    assert run(world.wallet.open(link)).id != first.id


def test_configurations_that_were_not_granted_are_told_apart(
    world: World, office: Office, page: Page
) -> None:
    office.server_metadata["authorization_details_types_supported"] = ["openid_credential"]
    one = {"type": "openid_credential", "credential_configuration_id": "lease"}
    granted = [{**one, "credential_identifiers": ["id of lease"]}]
    office.bend["token"] = lambda answer: (
        (200, {**answer[1], "authorization_details": granted}, {}) if answer[0] == 200 else answer
    )
    told = taken(world, office.by_log_in("digital_id", "lease"), page)
    assert told[0] == {"type": "digital_id", "error": "not_granted"}
    assert told[1]["copies"] == 3

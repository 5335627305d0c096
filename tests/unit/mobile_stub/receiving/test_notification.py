"""Issuers hear what became of their certificates."""

import pytest

from mobile_stub.adapters.vault import Vault
from mobile_stub.errors import WalletError
from mobile_stub.receiving.model import UNTOLD
from tests.unit.mobile_stub.receiving.page import Page, issue, taken
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import NOW, World, run


def test_the_issuer_hears_that_copies_were_kept(world: World, office: Office, page: Page) -> None:
    taken(world, office.by_log_in("digital_id", "lease"), page)
    assert [each["event"] for each in office.events] == ["credential_accepted"] * 2
    assert world.vault.papers(UNTOLD) == {}


def test_the_issuer_hears_that_copies_do_not_hold(world: World, office: Office, page: Page) -> None:
    office.issued = lambda _name, key: issue("lease", key)
    with pytest.raises(WalletError):
        taken(world, office.by_log_in(), page)
    assert [each["event"] for each in office.events] == ["credential_failure"]
    assert world.vault.copies() == []


def test_the_issuer_hears_when_the_last_copy_of_a_delivery_is_deleted(
    world: World, office: Office, page: Page
) -> None:
    (told,) = taken(world, office.by_log_in(), page)
    office.events.clear()
    for digest in told["digests"]:
        assert office.events == []
        run(world.wallet.delete(digest))
    assert [each["event"] for each in office.events] == ["credential_deleted"]


def test_a_copy_is_not_deleted_without_its_issuer_hearing(
    world: World, office: Office, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    (told,) = taken(world, office.by_log_in(), page)

    def cut(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as change:
        change.setattr(Vault, "drop_paper", cut)
        with pytest.raises(OSError, match=r"^$"):
            run(world.wallet.delete(told["digests"][0]))
    assert len(world.vault.copies()) == len(told["digests"])


def test_an_issuer_that_does_not_answer_hears_later(
    world: World, office: Office, page: Page
) -> None:
    office.lose = ["notification"] * 2
    assert taken(world, office.by_log_in(), page)[0]["copies"] == 3
    assert len(world.vault.papers(UNTOLD)) == 1
    office.lose = []
    run(world.wallet.receiver.waiting(NOW))
    assert world.vault.papers(UNTOLD) == {}


def test_an_issuer_that_does_not_want_to_hear_is_not_told(
    world: World, office: Office, page: Page
) -> None:
    del office.metadata["notification_endpoint"]
    taken(world, office.by_log_in(), page)
    assert office.events == []
    assert world.vault.papers(UNTOLD) == {}

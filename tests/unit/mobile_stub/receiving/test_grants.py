"""Offers of all kinds, and who begins."""

from dataclasses import replace

import pytest

from mobile_stub.errors import WalletError
from mobile_stub.receiving.receiver import wish
from tests.unit.mobile_stub.receiving.page import Page, bound_well, taken
from tests.unit.mobile_stub.receiving.provider import PRE_AUTHORIZED
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import ISSUER, NOW, World, run


@pytest.mark.parametrize("scheme", ["openid-credential-offer", "haip-vci"])
@pytest.mark.parametrize("reference", ["", "yes"], ids=["by value", "by reference"])
def test_an_offer_comes_by_value_and_by_reference_under_both_schemes(
    scheme: str, reference: str, world: World, office: Office, page: Page
) -> None:
    link = office.by_log_in("digital_id", scheme=scheme, reference=reference)
    (told,) = taken(world, link, page)
    assert told["copies"] == 3
    assert bound_well(world)


def test_a_code_without_transaction_code_is_enough(world: World, office: Office) -> None:
    (told,) = taken(world, office.pre_authorized(tx_code=False))
    assert told["copies"] == 3


def test_a_code_that_is_there_goes_before_a_log_in(world: World, office: Office) -> None:
    grants = {
        PRE_AUTHORIZED: {"pre-authorized_code": "code-1", "tx_code": {"length": 4}},
        "authorization_code": {"issuer_state": "x"},
    }
    link = office.link(grants=grants)
    scan = run(world.wallet.open(link))
    assert (scan.preview["needs_code"], scan.preview["needs_browser"]) == (True, False)
    assert run(world.wallet.receiver.accept(scan, "1234", NOW))[0]["copies"] == 3


def test_the_wallet_begins_by_itself(world: World, office: Office, page: Page) -> None:
    scan = run(world.wallet.open(wish(ISSUER, ["lease"])))
    assert scan.preview["needs_browser"]
    (told,) = run(world.wallet.receiver.accept(scan, None, NOW, page))
    assert told["type"] == "lease"


def test_without_a_browser_the_person_is_told(world: World, office: Office) -> None:
    alone = replace(world.wallet.receiver, browser=None)
    scan = run(world.wallet.open(office.by_log_in()))
    with pytest.raises(WalletError) as refused:
        run(alone.accept(scan, None, NOW))
    assert refused.value.code == "browser_needed"
    assert not office.sent("par")

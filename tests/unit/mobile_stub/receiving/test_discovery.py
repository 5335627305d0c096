"""Metadata signed and unsigned, by policy."""

import pytest

from mobile_stub.errors import WalletError
from tests.unit.mobile_stub.receiving.page import Page, taken
from tests.unit.mobile_stub.receiving.provider import PROVIDER
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import ISSUER_KEY, STRANGER, World


def test_metadata_under_the_issuers_signature_is_taken(
    world: World, office: Office, page: Page
) -> None:
    office.signed_by = ISSUER_KEY
    world.vault.close()
    world.open(provider=PROVIDER, signed_metadata="required")
    assert taken(world, office.by_log_in(), page)[0]["copies"] == 3


def test_metadata_signed_by_somebody_is_as_if_it_were_not_signed(
    world: World, office: Office, page: Page
) -> None:
    office.signed_by = STRANGER
    assert taken(world, office.by_log_in(), page)[0]["copies"] == 3
    for signer in (STRANGER, None):
        office.signed_by = signer
        world.vault.close()
        world.open(provider=PROVIDER, signed_metadata="required")
        with pytest.raises(WalletError) as refused:
            taken(world, office.by_log_in(), page)
        assert refused.value.code == "metadata_not_signed"


def test_signatures_are_not_asked_for_where_that_is_off(
    world: World, office: Office, page: Page
) -> None:
    office.signed_by = ISSUER_KEY
    world.vault.close()
    world.open(provider=PROVIDER, signed_metadata="off")
    assert taken(world, office.by_log_in(), page)
    asked = [each for each in world.net.sent if "openid-credential-issuer" in str(each.url)]
    assert {each.headers["accept"] for each in asked} == {"application/json"}

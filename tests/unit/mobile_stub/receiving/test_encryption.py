"""Formats, and encryption wherever it is offered."""

import pytest

from mobile_stub.errors import WalletError
from tests.unit.mobile_stub.receiving.page import Page, issue, taken
from tests.unit.mobile_stub.receiving.twin import MDOC, Office
from tests.unit.mobile_stub.world import NOW, World, run


def test_an_mdoc_is_taken_beside_the_sd_jwt(world: World, office: Office, page: Page) -> None:
    office.metadata["credential_configurations_supported"]["digital_id.mdoc"] = MDOC
    office.issued = issue
    both = taken(world, office.by_log_in("digital_id", "digital_id.mdoc"), page)
    assert [each["format"] for each in both] == ["dc+sd-jwt", "mso_mdoc"]
    assert [copy.number for copy in world.vault.copies() if copy.format == "mso_mdoc"] == [0, 1, 2]


@pytest.mark.parametrize("required", [False, True], ids=["offered", "required"])
@pytest.mark.parametrize("pending", [None, 1], ids=["at once", "deferred"])
def test_everything_is_encrypted_wherever_that_is_offered(
    pending: int | None, *, required: bool, world: World, office: Office, page: Page
) -> None:
    office.encrypting(required=required)
    office.pending = pending
    (told,) = taken(world, office.by_log_in(), page)
    if pending is not None:
        assert told["waiting"]
        assert run(world.wallet.receiver.waiting(NOW + 5))[0]["waiting"]
        (told,) = run(world.wallet.receiver.waiting(NOW + 50))
    assert told["copies"] == 3
    keys = [each["credential_response_encryption"]["jwk"]["x"] for each in office.requests]
    assert len({*keys}) == len(keys)


def test_an_answer_in_clear_to_an_encrypted_request_is_not_taken(
    world: World, office: Office, page: Page
) -> None:
    office.encrypting()
    clear = {"credentials": [{"credential": "x"}]}
    office.bend["credential"] = lambda answer: (
        (200, clear, {"content-type": "application/json"}) if answer[0] == 200 else answer
    )
    with pytest.raises(WalletError) as refused:
        taken(world, office.by_log_in(), page)
    assert refused.value.code == "answer_not_encrypted"
    assert world.vault.copies() == []


@pytest.mark.parametrize(
    "member", ["credential_request_encryption", "credential_response_encryption"]
)
def test_encryption_that_is_required_and_unknown_here_stops_before_any_request(
    member: str, world: World, office: Office, page: Page
) -> None:
    office.encrypting(required=True)
    office.metadata[member]["enc_values_supported"] = ["A192CBC-HS384"]
    with pytest.raises(WalletError) as refused:
        taken(world, office.by_log_in(), page)
    assert refused.value.code == "encryption_not_possible"
    assert not office.sent("credential")


def test_encryption_that_is_offered_and_unknown_here_is_left_out(
    world: World, office: Office, page: Page
) -> None:
    office.encrypting()
    answers = office.metadata["credential_response_encryption"]
    answers["enc_values_supported"] = ["A192CBC-HS384"]
    assert taken(world, office.by_log_in(), page)[0]["copies"] == 3
    assert "credential_response_encryption" not in office.requests[0]

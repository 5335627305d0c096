"""Holder keys are proved as the issuer takes it."""

from typing import Any

import pytest

from mobile_stub.errors import WalletError
from tests.unit.mobile_stub.receiving.page import Page, bound_well, taken
from tests.unit.mobile_stub.receiving.twin import Office, proof_type
from tests.unit.mobile_stub.world import World


@pytest.mark.parametrize(
    ("kind", "described"),
    [
        ("jwt", proof_type("jwt")),
        ("jwt", proof_type("jwt", attested=True)),
        ("attestation", proof_type("attestation")),
        ("attestation", proof_type("attestation", attested=True)),
        ("di_vp", proof_type("di_vp", "ecdsa-jcs-2019")),
    ],
    ids=["jwt", "jwt with key attestation", "attestation", "attestation required", "di_vp"],
)
def test_keys_are_proved_as_the_issuer_takes_it(
    kind: str, described: dict[str, Any], world: World, office: Office, page: Page
) -> None:
    office.describe(**described)
    assert taken(world, office.by_log_in(), page)[0]["copies"] == 3
    assert [*office.requests[0]["proofs"]] == [kind]
    assert bound_well(world)


def test_a_jwt_goes_before_an_attestation(world: World, office: Office, page: Page) -> None:
    both = {**proof_type("attestation"), **proof_type("jwt")}
    office.describe(proof_types_supported={**both["proof_types_supported"]})
    taken(world, office.by_log_in(), page)
    assert [*office.requests[0]["proofs"]] == ["jwt"]


def test_a_wallet_without_a_provider_proves_by_what_it_has(world: World, office: Office) -> None:
    world.vault.close()
    world.open()
    office.server_metadata["token_endpoint_auth_methods_supported"] = ["none"]
    office.describe(**proof_type("attestation"))
    with pytest.raises(WalletError) as refused:
        taken(world, office.pre_authorized(), code="1234")
    assert refused.value.code == "proof_not_supported"


def test_a_certificate_for_nobody_in_particular_comes_alone_and_without_proofs(
    world: World, office: Office, page: Page
) -> None:
    described = office.metadata["credential_configurations_supported"]["digital_id"]
    del described["proof_types_supported"], described["cryptographic_binding_methods_supported"]
    (told,) = taken(world, office.by_log_in(), page)
    assert told["copies"] == 1
    assert "proofs" not in office.requests[0]


def test_a_nonce_that_is_over_is_replaced_once(world: World, office: Office, page: Page) -> None:
    office.bend["nonce"] = lambda answer: (office.c_nonces.clear(), answer)[1]  # type: ignore[func-returns-value]
    with pytest.raises(WalletError) as refused:
        taken(world, office.by_log_in(), page)
    assert refused.value.code == "invalid_nonce"
    assert len(office.requests) == 2
    del office.bend["nonce"]
    assert taken(world, office.by_log_in(), page)

"""How the wallet makes itself known, and what no two servers have in common."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from madang.core.envelope import jws
from madang.core.keys.jwk import PublicKey
from mobile_stub.errors import WalletError
from tests.unit.mobile_stub.receiving.page import Page, taken
from tests.unit.mobile_stub.receiving.provider import (
    CLIENT,
    OTHER_SERVER,
    PROVIDER,
    ProviderTwin,
)
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import ISSUER, NOW, Verifier, World, run


def test_two_servers_see_neither_the_same_attested_key_nor_the_same_dpop_key(
    world: World, provider: ProviderTwin
) -> None:
    for server in (ISSUER, OTHER_SERVER):
        office = Office(world.net, server=server)
        office.metadata["authorization_servers"] = [server]
        taken(world, office.by_log_in(), Page(office))
    assert len({*provider.attested}) == len(provider.attested) == 2
    keys = {
        json.dumps(jws.parse(request.headers["dpop"]).header["jwk"])
        for request in world.net.sent
        if "dpop" in request.headers
    }
    assert len(keys) == 2
    assert len(provider.instances) == 1


def test_no_verifier_sees_an_attestation_or_a_key_of_the_wallet_as_a_client(
    world: World, office: Office, page: Page
) -> None:
    taken(world, office.by_log_in(), page)
    attestations = {
        request.headers["oauth-client-attestation"]
        for request in world.net.sent
        if "oauth-client-attestation" in request.headers
    }
    assert attestations
    before = len(world.net.sent)
    verifier = Verifier(world.net)
    scan = run(world.wallet.open(verifier.link()))
    run(world.wallet.consent(scan, agree=True))
    shown = json.dumps(verifier.opened())
    for request in world.net.sent[before:]:
        assert not {"oauth-client-attestation", "oauth-client-attestation-pop", "dpop"} & {
            *request.headers
        }
        shown += request.content.decode()
    hidden = [f"client {ISSUER}", f"dpop {ISSUER}", f"instance {PROVIDER}"]
    keys = {str(world.vault.named_signer(name).public_key.to_jwk()["x"]) for name in hidden}
    assert len(keys) == 3
    assert not [secret for secret in {*attestations, *keys} if secret in shown]


def test_an_attestation_is_used_until_it_is_nearly_over(
    world: World, office: Office, page: Page, provider: ProviderTwin
) -> None:
    taken(world, office.by_log_in(), page)
    taken(world, office.by_log_in(), page)
    assert len(provider.attested) == 1
    kept = world.vault.paper("wallet attestation", ISSUER)
    assert kept is not None
    world.vault.keep_paper("wallet attestation", ISSUER, {**kept, "expires_at": NOW + 30})
    taken(world, office.by_log_in(), page)
    assert len(provider.attested) == 2


def test_a_challenge_that_comes_with_a_refusal_is_used_once(
    world: World, office: Office, page: Page
) -> None:
    del office.server_metadata["challenge_endpoint"]
    wanted = {"oauth-client-attestation-challenge": "of the server"}
    refusals = [(400, {"error": "use_attestation_challenge"}, wanted)]
    office.bend["par"] = lambda answer: refusals.pop() if refusals else answer
    taken(world, office.by_log_in(), page)
    challenges = [
        jws.claims(jws.parse(request.headers["oauth-client-attestation-pop"])).get("challenge")
        for request in (*office.sent("par"), *office.sent("token"))
    ]
    assert challenges[:2] == [None, "of the server"]
    assert challenges.count("of the server") == 1


def test_a_revoked_wallet_is_told_and_nothing_is_sent(
    world: World, office: Office, page: Page, provider: ProviderTwin
) -> None:
    provider.refuse = "instance_revoked"
    with pytest.raises(WalletError) as refused:
        taken(world, office.by_log_in(), page)
    assert refused.value.code == "provider_refused"
    assert not office.sent("par")


def test_a_client_signs_assertions_where_it_has_a_key(
    world: World, office: Office, page: Page, tmp_path: Any
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "client.pem").write_bytes(pem)
    world.vault.close()
    world.open(client_key=tmp_path / "client.pem", client_id="known")
    office.client_key = PublicKey.from_native(key.public_key())
    office.server_metadata["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]
    assert taken(world, office.by_log_in(), page)[0]["copies"] == 3


def test_a_public_client_gives_its_name_alone(world: World, office: Office, page: Page) -> None:
    office.server_metadata["token_endpoint_auth_methods_supported"] = ["none"]
    assert taken(world, office.by_log_in(), page)[0]["copies"] == 3
    assert parse_qs(office.sent("token")[-1].content.decode())["client_id"] == ["madang-wallet"]


def test_nobody_in_particular_takes_a_code_where_that_is_allowed(
    world: World, office: Office, provider: ProviderTwin
) -> None:
    office.server_metadata["pre-authorized_grant_anonymous_access_supported"] = True
    taken(world, office.pre_authorized(), code="1234")
    assert "client_id" not in parse_qs(office.sent("token")[-1].content.decode())
    assert provider.attested == []
    (proof, *_) = office.requests[0]["proofs"]["jwt"]
    assert "iss" not in jws.claims(jws.parse(proof))


def test_a_client_with_a_name_says_it_in_its_proofs(
    world: World, office: Office, page: Page
) -> None:
    taken(world, office.by_log_in(), page)
    (proof, *_) = office.requests[0]["proofs"]["jwt"]
    assert jws.claims(jws.parse(proof))["iss"] == CLIENT


def test_a_server_with_other_means_alone_is_told(world: World, office: Office, page: Page) -> None:
    office.server_metadata["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    with pytest.raises(WalletError) as refused:
        taken(world, office.by_log_in(), page)
    assert refused.value.code == "client_not_supported"

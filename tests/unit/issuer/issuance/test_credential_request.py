from collections.abc import Sequence
from typing import Any

import pytest

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.protocol.oid4vci.receipt_request import make_receipt_request
from tests.unit.issuer.world import OTHER, World


@pytest.fixture
def token(world: World) -> str:
    return world.redeem(world.offer(world.people()[0]))


def forged(world: World, key: Signer, fresh: str, **changes: Any) -> str:
    """Return a proof with other header members or claims; None leaves one out."""
    header = {"typ": "openid4vci-proof+jwt", "jwk": key.public_key.to_jwk()}
    claims = {"aud": world.identifier(), "iat": world.clock.now(), "nonce": fresh}
    for name, value in changes.items():
        (header if name in {"typ", "jwk", "kid", "x5c"} else claims)[name] = value
    kept = {name: value for name, value in claims.items() if value is not None}
    header = {name: value for name, value in header.items() if value is not None}
    return jws.sign(strict_json.dumps(kept).encode(), header, key)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credential_configuration_id": "passport"}, "unknown_credential_configuration"),
        (
            {"credential_configuration_id": None, "credential_identifier": "mine"},
            "unknown_credential_identifier",
        ),
        ({"credential_identifier": "mine"}, "invalid_credential_request"),
        ({"credential_configuration_id": None}, "invalid_credential_request"),
        ({"proofs": None}, "invalid_proof"),
        ({"proofs": {"jwt": []}}, "invalid_proof"),
        ({"proofs": {"jwt": ["no jwt"]}}, "invalid_proof"),
        ({"proofs": {"attestation": ["a"]}}, "invalid_proof"),
        ({"proof": {"proof_type": "jwt", "jwt": "a"}}, "invalid_credential_request"),
        ({"format": "dc+sd-jwt"}, "invalid_credential_request"),
        (
            {"credential_response_encryption": {"jwk": {}, "enc": "A128GCM"}},
            "invalid_encryption_parameters",
        ),
    ],
)
def test_a_request_that_breaks_the_protocol_is_refused(
    world: World, holder_keys: Sequence[Signer], token: str, changes: dict[str, Any], code: str
) -> None:
    with world.refused(f"credential.{code}"):
        answer = world.fetch(token, "digital_id", holder_keys, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert world.fetch(token, "digital_id", holder_keys).status_code == 200


def test_unknown_members_are_ignored(
    world: World, holder_keys: Sequence[Signer], token: str
) -> None:
    answer = world.fetch(token, "digital_id", holder_keys, colour="blue", __proto__={})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "JWT"},
        {"typ": "madang-receipt-request+jwt"},
        {"kid": "key-1"},
        {"x5c": ["AAAA"]},
        {"jwk": None},
        {"aud": "https://id.saebyeol.example/saebyeol/issuer"},
        {"aud": None},
        {"iat": 1_000_000},
        {"iat": 9_000_000_000},
        {"iat": None},
        {"nonce": None},
    ],
)
def test_a_proof_that_does_not_hold_is_refused(
    world: World, holder_keys: Sequence[Signer], token: str, changes: dict[str, Any]
) -> None:
    proof = forged(world, holder_keys[0], world.nonce(), **changes)
    with world.refused("credential.invalid_proof"):
        answer = world.fetch(token, "digital_id", holder_keys, proofs={"jwt": [proof]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_proof")


def test_a_private_key_in_the_header_is_refused(
    world: World, holder_keys: Sequence[Signer], token: str
) -> None:
    jwk = {**holder_keys[0].public_key.to_jwk(), "d": "AAAA"}
    proof = forged(world, holder_keys[0], world.nonce(), jwk=jwk)
    with world.refused("credential.invalid_proof"):
        answer = world.fetch(token, "digital_id", holder_keys, proofs={"jwt": [proof]})
    assert answer.json()["error"] == "invalid_proof"


def test_another_keys_signature_is_refused(
    world: World, holder_keys: Sequence[Signer], token: str
) -> None:
    jwk = holder_keys[1].public_key.to_jwk()
    proof = forged(world, holder_keys[0], world.nonce(), jwk=jwk)
    with world.refused("credential.invalid_proof"):
        answer = world.fetch(token, "digital_id", holder_keys, proofs={"jwt": [proof]})
    assert answer.json()["error"] == "invalid_proof"


def test_a_receipt_request_is_no_key_proof(
    world: World, holder_keys: Sequence[Signer], token: str
) -> None:
    key, now = holder_keys[0], world.clock.now()
    proof = make_receipt_request(key, world.identifier(), world.nonce(), now)
    with world.refused("credential.invalid_proof"):
        answer = world.fetch(token, "digital_id", holder_keys, proofs={"jwt": [proof]})
    assert answer.json()["error"] == "invalid_proof"


def test_one_bad_proof_among_good_ones_refuses_all(
    world: World, holder_keys: Sequence[Signer], token: str
) -> None:
    nonce = world.nonce()
    good = world.proofs(holder_keys[:2], nonce)
    bad = forged(world, holder_keys[2], nonce, typ="JWT")
    with world.refused("credential.invalid_proof"):
        answer = world.fetch(token, "digital_id", holder_keys, proofs={"jwt": [*good, bad]})
    assert answer.json()["error"] == "invalid_proof"


def test_a_key_that_comes_twice_is_refused(
    world: World, holder_keys: Sequence[Signer], token: str
) -> None:
    with world.refused("credential.invalid_proof"):
        answer = world.fetch(token, "digital_id", [holder_keys[0], holder_keys[0]])
    assert answer.json()["error"] == "invalid_proof"


def test_more_proofs_than_the_metadata_allows_are_refused(
    world: World, holder_keys: Sequence[Signer], token: str
) -> None:
    assert world.settings.batch_size == 4
    proofs = {"jwt": ["a"] * 5}
    with world.refused("credential.invalid_credential_request"):
        answer = world.fetch(token, "digital_id", holder_keys, proofs=proofs)
    assert answer.json()["error"] == "invalid_credential_request"


class TestNonce:
    def ask(self, world: World, token: str, keys: Sequence[Signer], nonce: str) -> Any:
        body = CredentialRequest("digital_id", None, world.proofs(keys, nonce))
        return world.ask(token, body.to_json())

    def test_it_is_fresh_each_time_and_not_stored_by_others(self, world: World) -> None:
        answers = [world.post("nonce") for _ in range(2)]
        assert answers[0].json() != answers[1].json()
        assert all(each.headers["cache-control"] == "no-store" for each in answers)

    def test_an_unknown_one_is_refused(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        with world.refused("credential.invalid_nonce"):
            answer = self.ask(world, token, holder_keys, "made-up")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_nonce")

    def test_an_old_one_is_refused(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        nonce = world.nonce()
        world.clock.advance(world.settings.nonce_seconds)
        with world.refused("credential.invalid_nonce"):
            answer = self.ask(world, token, holder_keys, nonce)
        assert answer.json()["error"] == "invalid_nonce"

    def test_a_used_one_is_refused(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        nonce = world.nonce()
        assert self.ask(world, token, holder_keys, nonce).status_code == 200
        with world.refused("credential.invalid_nonce"):
            answer = self.ask(world, token, holder_keys, nonce)
        assert answer.json()["error"] == "invalid_nonce"

    def test_another_municipalitys_is_refused(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        nonce = world.nonce(OTHER)
        with world.refused("credential.invalid_nonce"):
            assert self.ask(world, token, holder_keys, nonce).status_code == 400

    def test_proofs_with_different_ones_are_refused(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        proofs = [*world.proofs(holder_keys[:1], world.nonce())]
        proofs += world.proofs(holder_keys[1:2], world.nonce())
        with world.refused("credential.invalid_nonce"):
            answer = world.fetch(token, "digital_id", holder_keys, proofs={"jwt": proofs})
        assert answer.json()["error"] == "invalid_nonce"

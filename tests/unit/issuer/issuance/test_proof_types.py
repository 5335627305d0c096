"""Key proofs of every type that the metadata name, and what a key rule asks of them."""

from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519, generate_p256, generate_p384
from madang.core.protocol.oid4vci.di_vp import make_di_vp
from madang.core.protocol.oid4vci.names import PROOF_TYP
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.core.trust.did import jwk as did_jwk
from madang.core.trust.did import key as did_key
from madang.infra import ca
from tests.unit.issuer.world import World, payload_of

MDOC = "digital_id.mso_mdoc"


@pytest.fixture
def token(world: World) -> str:
    return world.redeem(world.offer(world.people()[0]))


def bound_to(world: World, token: str, proofs: object, **changes: object) -> list[PublicKey]:
    answer = world.proved(token, proofs, **changes)
    assert answer.status_code == 200, answer.text
    copies = [payload_of(each["credential"]) for each in answer.json()["credentials"]]
    return [PublicKey.from_jwk(copy["cnf"]["jwk"]) for copy in copies]


def public(keys: Sequence[Signer]) -> list[PublicKey]:
    return [key.public_key for key in keys]


def test_presentations_give_a_copy_for_each(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    keys, nonce = [*holder_keys[:2], generate_ed25519("third")], world.nonce()
    made = [make_di_vp(key, world.identifier(), nonce, world.clock.now()) for key in keys]
    assert bound_to(world, token, {"di_vp": made}) == public(keys)


def test_a_presentation_by_a_key_that_cannot_be_bound_is_refused(world: World, token: str) -> None:
    made = make_di_vp(generate_p384("p384"), world.identifier(), world.nonce(), world.clock.now())
    with world.refused("credential.invalid_proof"):
        assert world.proved(token, {"di_vp": [made]}).status_code == 400


@pytest.mark.parametrize("method", ["did:jwk", "did:key"])
def test_keys_may_be_named_by_a_did(
    world: World, token: str, holder_keys: Sequence[Signer], method: str
) -> None:
    nonce, proofs = world.nonce(), []
    for key in holder_keys[:2]:
        did = did_key.identifier(key.public_key)
        kid = f"{did}#{did.removeprefix('did:key:')}"
        if method == "did:jwk":
            kid = f"{did_jwk.identifier(key.public_key)}#0"
        now = world.clock.now()
        proofs.append(make_proof_jwt(key, world.identifier(), nonce, now, kid=kid))
    assert bound_to(world, token, {"jwt": proofs}) == public(holder_keys[:2])


def test_a_key_may_come_in_a_certificate_and_is_bound_as_any_other(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    now, nonce, key = world.clock.now(), world.nonce(), holder_keys[0]
    root = ca.root(ec.generate_private_key(ec.SECP256R1()), "nobody knows it", now=now)
    native = key.public_key.native
    assert isinstance(native, ec.EllipticCurvePublicKey)
    leaf = ca.leaf(root, native, "holder", uri="https://h.example", dns="h.example", now=now)
    header = {"typ": PROOF_TYP, "x5c": jws.encode_chain((leaf, root.der))}
    claims = {"aud": world.identifier(), "iat": now, "nonce": nonce}
    proof = jws.sign(strict_json.dumps(claims).encode(), header, key)
    assert bound_to(world, token, {"jwt": [proof]}) == public([key])


def test_no_mdoc_is_bound_by_a_did(world: World, token: str, holder_keys: Sequence[Signer]) -> None:
    key, issuer, now = holder_keys[0], world.identifier(), world.clock.now()
    kid = f"{did_jwk.identifier(key.public_key)}#0"
    by_kid = {"jwt": [make_proof_jwt(key, issuer, world.nonce(), now, kid=kid)]}
    by_presentation = {"di_vp": [make_di_vp(key, issuer, world.nonce(), now)]}
    for proofs in (by_kid, by_presentation):
        with world.refused("credential.invalid_proof"):
            answer = world.proved(token, proofs, credential_configuration_id=MDOC)
        assert answer.json()["error"] == "invalid_proof"


@pytest.mark.parametrize("configuration", ["digital_id", MDOC])
def test_an_attestation_gives_a_copy_for_each_key_in_it(
    world: World, token: str, holder_keys: Sequence[Signer], configuration: str
) -> None:
    proofs = {"attestation": [world.attest(holder_keys)]}
    answer = world.proved(token, proofs, credential_configuration_id=configuration)
    assert len(answer.json()["credentials"]) == 4


def test_an_attestation_of_more_keys_gives_as_many_copies_as_a_batch(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    keys = [*holder_keys, generate_p256("fifth")]
    assert bound_to(world, token, {"attestation": [world.attest(keys)]}) == public(holder_keys)


def test_a_proof_with_an_attestation_gives_copies_for_all_attested_keys(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    nonce, second = world.nonce(), holder_keys[1]
    attestation = world.attest(holder_keys[:3], nonce=nonce)
    proof = make_proof_jwt(
        second, world.identifier(), nonce, world.clock.now(), key_attestation=attestation
    )
    bound = bound_to(world, token, {"jwt": [proof]})
    assert bound == public([second, holder_keys[0], holder_keys[2]])


def test_without_anchors_no_attestation_counts_and_none_is_named(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    from dataclasses import replace  # noqa: PLC0415 - of this test alone

    alone = replace(world, deps=replace(world.deps, key_attestation_anchors=())).rebuilt()
    with alone.refused("credential.invalid_proof"):
        alone.proved(token, {"attestation": [world.attest(holder_keys)]})
    told = alone.metadata()["credential_configurations_supported"]["digital_id"]
    assert sorted(told["proof_types_supported"]) == ["di_vp", "jwt"]


def test_a_rule_is_told_in_the_metadata_and_presentations_are_not_taken(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    rule = {"key_storage": ["iso_18045_moderate"], "user_authentication": []}
    strict = world.rebuilt(key_attestations_required={"digital_id": rule})
    told = strict.metadata()["credential_configurations_supported"]
    proof_types = told["digital_id"]["proof_types_supported"]
    assert sorted(proof_types) == ["attestation", "jwt"]
    for each in proof_types.values():
        assert each["key_attestations_required"] == {"key_storage": ["iso_18045_moderate"]}
    assert "key_attestations_required" not in told["lease"]["proof_types_supported"]["jwt"]
    made = make_di_vp(holder_keys[0], world.identifier(), world.nonce(), world.clock.now())
    with strict.refused("credential.invalid_proof"):
        strict.proved(token, {"di_vp": [made]})
    assert bound_to(strict, token, {"attestation": [world.attest(holder_keys)]})


def test_a_rule_that_names_no_level_asks_for_an_attestation_of_any(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    strict = world.rebuilt(key_attestations_required={"digital_id": {}})
    told = strict.metadata()["credential_configurations_supported"]["digital_id"]
    for each in told["proof_types_supported"].values():
        assert each["key_attestations_required"] == {}
    with strict.refused("credential.invalid_proof"):
        strict.proved(token, {"jwt": list(world.proofs(holder_keys[:1], world.nonce()))})
    low = world.attest(holder_keys, key_storage=(), user_authentication=())
    assert bound_to(strict, token, {"attestation": [low]}) == public(holder_keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"approved_types": ["nothing"]},
        {"key_attestations_required": {"nothing": {}}},
        {"key_attestations_required": {"digital_id": {"storage": []}}},
    ],
    ids=str,
)
def test_settings_for_types_that_are_not_there_are_refused(
    world: World, changes: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"no certificate type|storage"):
        world.rebuilt(**changes)

"""Whatever the metadata name works: every configuration's proofs, algorithms and bindings, all
encryption, the batch, every endpoint."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from madang.core.encoding import strict_json
from madang.core.envelope.data_integrity import ECDSA_JCS_2019, EDDSA_JCS_2022
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256
from madang.core.protocol.oid4vci.di_vp import make_di_vp
from madang.core.protocol.oid4vci.encryption import open_response, seal_request
from madang.core.protocol.oid4vci.metadata import parse_issuer_metadata
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.core.trust.did import jwk as did_jwk
from madang.core.trust.did import key as did_key
from madang.infra import ca
from tests.unit.issuer.issuance.test_wire import PATH, WALLET
from tests.unit.issuer.world import World

KEYS: dict[str, Callable[[str], Signer]] = {
    "ES256": generate_p256,
    "EdDSA": generate_ed25519,
    ECDSA_JCS_2019: generate_p256,
    EDDSA_JCS_2022: generate_ed25519,
}
"""Makes a key for each name that a proof type may tell."""


def kid(method: str, key: Signer) -> str | None:
    did = did_key.identifier(key.public_key)
    names = {
        "jwk": None,
        "cose_key": None,
        "did:jwk": f"{did_jwk.identifier(key.public_key)}#0",
        "did:key": f"{did}#{did.removeprefix('did:key:')}",
    }
    return names[method]


def certified(world: World, key: Signer) -> Signer:
    """Return a provider's key of any kind, under the anchor that the issuer trusts."""
    assert isinstance(key, SoftwareSigner)
    below, native = world.authorities.authority("provider")[1], key.public_key.native
    uri, now = "https://provider.example", world.clock.now()
    leaf = ca.leaf(below, cast("Any", native), "p", uri=uri, dns="provider.example", now=now)
    return SoftwareSigner(key._private_key, key.key_id, (leaf, below.der))


def proofs(world: World, told: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
    """Yield a request's proofs for every way that a configuration names."""
    issuer, now = world.identifier(), world.clock.now()
    for kind, each in told["proof_types_supported"].items():
        for name in each["proof_signing_alg_values_supported"]:
            key = KEYS[name]("holder")
            if kind == "di_vp":
                yield {kind: [make_di_vp(key, issuer, world.nonce(), now)]}
            elif kind == "attestation":
                # The name is of the algorithm by which the provider signs (appendix F.3).
                yield {kind: [world.attest([generate_p256("holder")], certified(world, key))]}
                yield {kind: [world.attest([key])]}
            else:
                for method in told["cryptographic_binding_methods_supported"]:
                    own = KEYS[name](method)  # a key proves one person's identity
                    named = kid(method, own)
                    made = make_proof_jwt(own, issuer, world.nonce(), now, kid=named)
                    yield {kind: [made]}


@pytest.mark.parametrize("configuration", ["digital_id", "digital_id.mso_mdoc"])
def test_every_proof_algorithm_and_binding_gets_a_copy(world: World, configuration: str) -> None:
    told = world.metadata()["credential_configurations_supported"][configuration]
    used = 0
    for each in proofs(world, told):
        token = world.redeem(world.offer(world.people()[used]))
        answer = world.proved(token, each, credential_configuration_id=configuration)
        assert answer.status_code == 200, (each, answer.text)
        used += 1
    # Three bindings by two algorithms, two suites, two providers and attested keys of two kinds.
    assert used == (12 if configuration == "digital_id" else 6)


def test_every_configuration_names_ways_that_are_tried(world: World) -> None:
    told = world.metadata()["credential_configurations_supported"]
    ways = {
        (each["format"], *sorted(each["proof_types_supported"]),
         *each["cryptographic_binding_methods_supported"])
        for each in told.values()
    }  # fmt: skip
    assert ways == {
        ("dc+sd-jwt", "attestation", "di_vp", "jwt", "jwk", "did:jwk", "did:key"),
        ("mso_mdoc", "attestation", "jwt", "cose_key"),
    }


def test_every_encryption_is_spoken_both_ways(world: World) -> None:
    whole = parse_issuer_metadata(world.client.get(PATH).content, issuer=world.identifier())
    requests, answers = whole.credential_request_encryption, whole.credential_response_encryption
    assert requests is not None
    assert answers is not None
    assert (requests.zip_values_supported, answers.zip_values_supported) == (None, None)
    number = 0
    for enc in requests.enc_values_supported:
        one = requests.model_copy(update={"enc_values_supported": (enc,)})
        offered = whole.model_copy(update={"credential_request_encryption": one})
        for back in answers.enc_values_supported:
            for alg in answers.alg_values_supported:
                token = world.redeem(world.offer(world.people()[number]))
                key = generate_p256("holder")
                body = {
                    "credential_configuration_id": "digital_id",
                    "proofs": {"jwt": list(world.proofs([key], world.nonce()))},
                    "credential_response_encryption": {
                        "jwk": {**WALLET.encryption, "alg": alg},
                        "enc": back,
                    },
                }
                headers = {"authorization": f"Bearer {token}", "content-type": "application/jwt"}
                sealed = seal_request(body, offered)
                answer = world.post("credential", content=sealed, headers=headers)
                opened = strict_json.loads(open_response(answer.content, WALLET.decryption))
                assert len(opened["credentials"]) == 1
                number += 1
    assert number == 4


def test_a_whole_batch_is_taken_and_not_one_more(world: World) -> None:
    size = world.metadata()["batch_credential_issuance"]["batch_size"]
    token = world.redeem(world.offer(world.people()[0]))
    keys = [generate_p256(f"holder-{number}") for number in range(size + 1)]
    with world.refused("credential.invalid_credential_request"):
        world.fetch(token, "digital_id", keys)
    assert len(world.fetch(token, "digital_id", keys[:size]).json()["credentials"]) == size


def test_every_endpoint_answers_in_its_own_words(world: World) -> None:
    told = world.metadata()
    said = {
        "credential_endpoint": (401, "invalid_token"),
        "deferred_credential_endpoint": (401, "invalid_token"),
        "notification_endpoint": (401, "invalid_token"),
    }
    assert {name for name in told if name.endswith("_endpoint")} == {*said, "nonce_endpoint"}
    for name, expected in said.items():
        answer = world.client.post(told[name].removeprefix("https://id.hanbit.example"))
        assert (answer.status_code, answer.json()["error"]) == expected
    fresh = world.client.post(told["nonce_endpoint"].removeprefix("https://id.hanbit.example"))
    assert (fresh.status_code, fresh.headers["cache-control"]) == (200, "no-store")

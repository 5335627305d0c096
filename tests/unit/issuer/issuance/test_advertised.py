"""Whatever the metadata name works: every configuration's proofs, algorithms and bindings, all
encryption, the batch, every endpoint."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from issuer.types.model import configurations
from madang.core.catalog.certificate_type import TypeId
from madang.core.catalog.payload import Selection
from madang.core.encoding import base64url, strict_json
from madang.core.envelope import cose
from madang.core.envelope.data_integrity import ECDSA_JCS_2019, EDDSA_JCS_2022
from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.verify import process
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256
from madang.core.protocol.oid4vci.di_vp import make_di_vp
from madang.core.protocol.oid4vci.encryption import open_response, seal_request
from madang.core.protocol.oid4vci.metadata import parse_issuer_metadata
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.core.trust.did import jwk as did_jwk
from madang.core.trust.did import key as did_key
from madang.infra import ca
from tests.unit.issuer.founding import the_catalogue
from tests.unit.issuer.issuance.test_answers_to_a_suite import addressed
from tests.unit.issuer.issuance.test_wire import PATH, WALLET
from tests.unit.issuer.world import World

KEYS: dict[str, Callable[[str], Signer]] = {
    "ES256": generate_p256,
    "EdDSA": generate_ed25519,
    ECDSA_JCS_2019: generate_p256,
    EDDSA_JCS_2022: generate_ed25519,
}
"""Makes a key for each name that a proof type may tell."""


TRIED = {
    "credential_issuer",
    "credential_endpoint",
    "nonce_endpoint",
    "deferred_credential_endpoint",
    "notification_endpoint",
    "credential_request_encryption",
    "credential_response_encryption",
    "batch_credential_issuance",
    "credential_configurations_supported",
    "display",
}
"""What is tried here, each by its own name; the signed form and the languages in test_wire.py."""
OF_EACH = {
    "format",
    "scope",
    "credential_signing_alg_values_supported",
    "cryptographic_binding_methods_supported",
    "proof_types_supported",
    "credential_metadata",
}


def test_nothing_is_told_that_is_not_tried_here(world: World) -> None:
    told = world.metadata()
    assert told.keys() == TRIED
    for way, more in (("request", {"jwks"}), ("response", {"alg_values_supported"})):
        members = {"enc_values_supported", "encryption_required", *more}
        assert told[f"credential_{way}_encryption"].keys() == members
    assert told["batch_credential_issuance"].keys() == {"batch_size"}
    for each in told["credential_configurations_supported"].values():
        assert each.keys() - {"vct", "doctype"} == OF_EACH
        assert each["credential_metadata"].keys() == {"display", "claims"}
        for proof_type in each["proof_types_supported"].values():
            assert proof_type.keys() == {"proof_signing_alg_values_supported"}


def token_for(world: World, type_id: str, key: Signer) -> str:
    """Return a token for a type of certificate, which somebody gets of whom there are records."""
    kind = world.deps.catalogue.types[TypeId(type_id)]
    if not kind.requires_digital_id:
        return world.redeem(world.offer(world.people()[0]))
    for person in world.people(*Selection(kind).groups):
        copy, *_ = world.digital_id(person, [key])
        offer = world.certificates(copy, type_id)
        if offer.status_code == 201:
            return world.redeem(offer.json())
    pytest.fail(f"the register knows nobody for {type_id}")


OF_THE_FORMAT = {"iss", "iat", "exp", "vct", "vct#integrity", "cnf", "status"}
CONFIGURATIONS = sorted(configurations(the_catalogue().types))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_is_issued_as_it_is_told(world: World, name: str) -> None:
    configurations_told = world.metadata()["credential_configurations_supported"]
    assert sorted(CONFIGURATIONS) == sorted(configurations_told)
    told, key = configurations_told[name], generate_p256("holder")
    token = token_for(world, name.partition(".")[0], key)
    answer = world.fetch(token, name, [key])
    assert answer.status_code == 200, answer.text
    (copy,) = [each["credential"] for each in answer.json()["credentials"]]
    claims = told["credential_metadata"]["claims"]
    if told["format"] == "mso_mdoc":
        signed = parse_issuer_signed(base64url.decode(copy))
        algorithm: object = signed.issuer_auth.header[cose.ALG]
        assert signed.mso.doc_type == told["doctype"]
        whole: dict[str, Any] = {
            space: {item.element_identifier: item.element_value for item in items}
            for space, items in signed.name_spaces.items()
        }
    else:
        parsed = parse(copy)
        algorithm, whole = parsed.issuer_jws.header["alg"], process(parsed)
        assert parsed.payload["vct"] == told["vct"]
    assert algorithm in told["credential_signing_alg_values_supported"]
    shown = {claim["path"][0] for claim in claims}
    assert shown >= whole.keys() - OF_THE_FORMAT
    for claim in claims:
        assert addressed(whole, claim["path"]) or not claim.get("mandatory"), claim
        assert {entry["locale"] for entry in claim["display"]} >= {"ko", "en", "ja"}


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


@pytest.mark.parametrize("required", [True, False])
def test_whether_encryption_is_required_is_told(world: World, *, required: bool) -> None:
    here = world.rebuilt(encryption_required=required)
    told = here.metadata()
    for way in ("request", "response"):
        assert told[f"credential_{way}_encryption"]["encryption_required"] is required
    token = here.redeem(here.offer(here.people()[0]))
    plain = here.fetch(token, "digital_id", [generate_p256("holder")])
    assert plain.status_code == (400 if required else 200)


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

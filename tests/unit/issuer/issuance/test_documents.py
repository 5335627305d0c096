from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from issuer.app import build
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.oauth.metadata import parse_server_metadata
from madang.core.protocol.oid4vci.metadata import parse_issuer_metadata
from madang.core.protocol.urls import WellKnown, well_known
from madang.core.status import aggregation
from madang.core.status.token_status_list import reference
from madang.core.trust.did.model import Purpose
from madang.core.trust.did.resolution import key_for, resolve
from madang.core.trust.did.web import identifier, location
from madang.infra.tenancy import Addresses
from tests.unit.issuer.world import OTHER, TENANT, Client, World, payload_of


def path_of(world: World, document: WellKnown, tenant: str = TENANT) -> str:
    return urlsplit(well_known(world.identifier(tenant=tenant), document)).path


def test_issuer_metadata_is_what_wallets_read(world: World) -> None:
    answer = world.client.get(path_of(world, WellKnown.CREDENTIAL_ISSUER))
    assert answer.headers["content-type"] == "application/json"
    metadata = parse_issuer_metadata(answer.content, issuer=world.identifier())
    assert metadata.authorization_servers is None
    assert metadata.batch_credential_issuance is not None
    assert metadata.batch_credential_issuance.batch_size == world.settings.batch_size
    found = metadata.credential_configurations_supported
    catalogue = world.deps.catalogue
    mdocs = {each.id for each in catalogue.types.values() if "mso_mdoc" in each.formats}
    assert mdocs
    assert found.keys() == {*catalogue.types, *(f"{each}.mso_mdoc" for each in mdocs)}
    for name, configuration in found.items():
        assert configuration.scope == name
        assert configuration.credential_metadata is not None
        assert configuration.credential_metadata.claims
    for type_id in catalogue.types:
        assert found[type_id].format == "dc+sd-jwt"
        assert found[type_id].vct == catalogue.vct(world.deps.addresses, type_id)
    for type_id in mdocs:
        described = found[f"{type_id}.mso_mdoc"]
        assert (described.format, described.vct) == ("mso_mdoc", None)
        assert described.doctype == catalogue.doc_type(type_id)
        assert described.credential_signing_alg_values_supported == (-7,)
        assert described.cryptographic_binding_methods_supported == ("cose_key",)


def test_server_metadata_is_what_wallets_read(world: World) -> None:
    answer = world.client.get(path_of(world, WellKnown.AUTHORIZATION_SERVER))
    metadata = parse_server_metadata(answer.content, issuer=world.identifier())
    assert metadata.anonymous_access_supported
    assert metadata.authorization_details_types_supported == ("openid_credential",)
    offered = world.client.get(path_of(world, WellKnown.CREDENTIAL_ISSUER)).json()
    scopes = {e["scope"] for e in offered["credential_configurations_supported"].values()}
    assert set(metadata.scopes_supported or ()) == scopes


def test_every_endpoint_that_is_advertised_exists(world: World) -> None:
    issuer = world.client.get(path_of(world, WellKnown.CREDENTIAL_ISSUER)).json()
    server = world.client.get(path_of(world, WellKnown.AUTHORIZATION_SERVER)).json()
    found = {k: v for d in (issuer, server) for k, v in d.items() if k.endswith("_endpoint")}
    assert len(found) == 8
    opened = {"status_list_aggregation_endpoint", "authorization_endpoint"}
    for name, address in found.items():
        method = "GET" if name in opened else "POST"
        answer = world.client.request(method, urlsplit(address).path)
        assert answer.status_code not in {404, 405}


def test_the_status_lists_are_found_by_the_server_metadata(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    (copy, *_) = world.digital_id(world.people()[0], holder_keys)
    answer = world.client.get(path_of(world, WellKnown.AUTHORIZATION_SERVER))
    metadata = parse_server_metadata(answer.content, issuer=world.identifier())
    assert metadata.status_list_aggregation_endpoint is not None
    lists = world.client.get(urlsplit(metadata.status_list_aggregation_endpoint).path)
    found = reference(payload_of(copy))
    assert found is not None
    assert aggregation.parse(lists.content) == (found[0],)


def test_the_keys_that_sign_are_published(world: World) -> None:
    answer = world.client.get(path_of(world, WellKnown.JWT_VC_ISSUER)).json()
    signer = world.authorities.signer(TENANT, "issuer")
    assert answer["issuer"] == world.identifier()
    key, second = answer["jwks"]["keys"]
    assert key == {**signer.public_key.to_jwk(), "kid": signer.key_id, "alg": "ES256"}
    assert (second["kty"], second["alg"]) == ("AKP", "ML-DSA-44")
    assert PublicKey.from_jwk(second).algorithm == "ML-DSA-44"


@pytest.mark.parametrize("document", list(WellKnown))
def test_each_municipality_has_its_own_and_others_none(world: World, document: WellKnown) -> None:
    own, other = (world.client.get(path_of(world, document, t)) for t in (TENANT, OTHER))
    assert own.content != other.content
    assert world.client.get(f"/.well-known/{document}/nowhere/issuer").status_code == 404
    assert world.client.get(f"/{TENANT}/issuer/.well-known/{document}").status_code == 404


def test_the_did_document_gives_the_key_that_signs(world: World) -> None:
    did = identifier(world.identifier())
    answer = world.client.get(urlsplit(location(did)).path)
    assert answer.headers["content-type"] == "application/did+ld+json"
    document = resolve(did, answer.content)
    signer = world.authorities.signer(TENANT, "issuer")
    assert key_for(document, signer.key_id, Purpose.ASSERTION_METHOD) == signer.public_key
    assert len(document.verification_method) == 1


def test_the_did_document_follows_the_keys(world: World) -> None:
    def kids() -> list[str]:
        methods = world.client.get(f"/{TENANT}/issuer/did.json").json()["verificationMethod"]
        return [method["publicKeyJwk"]["kid"] for method in methods]

    (before,) = kids()
    after = world.issuer_keys.rotate(TENANT, "issuer", now=world.clock.now()).key_id
    assert kids() == [before, after]
    world.issuer_keys.compromise(TENANT, "issuer", 1, now=world.clock.now())
    assert kids() == [after]


def test_an_address_that_is_none_for_did_web_has_no_did(world: World) -> None:
    addresses = Addresses(world.deps.catalogue.tenants, {"issuer": "http://127.0.0.1:8401"})
    deps = replace(world.deps, addresses=addresses)
    for allowed, status in ((False, 404), (True, 200)):
        settings = world.settings.model_copy(update={"allow_loopback_http": allowed})
        answer = Client(build(settings, deps)).get(f"/{TENANT}/issuer/did.json")
        assert answer.status_code == status
    assert answer.json()["id"] == f"did:web:127.0.0.1%3A8401:{TENANT}:issuer"
    assert world.client.get("/nowhere/issuer/did.json").status_code == 404

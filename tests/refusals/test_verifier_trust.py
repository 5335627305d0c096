"""Whom the running verifier believes, and how it names itself so that a wallet believes it.

Issuers of types outside the catalogue under a configured anchor, chains with a member that does not
count (V25), a registry that cannot be relied on (V45), and each client identifier prefix.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol.oid4vp.client_authentication import Standing, did_location
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.known_clients import KnownClients
from madang.core.protocol.oid4vp.registration_check import asked as asked_types
from madang.core.protocol.oid4vp.registration_check import check_registration
from madang.core.protocol.oid4vp.request_check import VerifiedRequest, verify_request
from madang.core.protocol.oid4vp.verifier_attestation import VerifierAttestation, make_attestation
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.core.protocol.openid import entity_statement
from madang.core.status import identifier_list
from madang.core.status.identifier_list import IdentifierList, IdentifierListToken
from madang.core.trust.accreditation import Issuer, parse_document
from madang.core.trust.snapshot import SnapshotError
from madang.infra import ca
from tests.unit.madang.core.protocol.openid.realm import ANCHOR, Realm, jwks
from tests.unit.verifier.mdocs import issued, query, shown
from tests.unit.verifier.world import (
    DAY,
    NOW,
    TENANT,
    Asked,
    City,
    Land,
    certified,
    found_land,
    narrowed,
    open_city,
)

LIBRARY, CARD = "https://library.example/card", "org.library.card"
OUTSIDE = frozenset({TENANT})
ATTESTER = "https://attester.example"


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Land:
    state: Path = tmp_path_factory.mktemp("trust")
    return found_land(state)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


ROOT = ca.root(new_key(), "library", now=NOW)
OTHER_ROOT = ca.root(new_key(), "another", now=NOW)
BELOW = ca.intermediate(ROOT, new_key(), "library's", now=NOW)
SIGNER = certified(BELOW, "https://library.example")


def anchored(tmp_path: Path, root: ca.Authority) -> Path:
    file = tmp_path / "roots.der"
    file.write_bytes(root.der)
    return file


@pytest.fixture
def trusting(land: Land, tmp_path: Path) -> Iterator[City]:
    anchors = anchored(tmp_path, ROOT)
    with open_city(land, ask_outside_registry=OUTSIDE, credential_anchors=anchors) as city:
        yield city


def card_query(format_: str, city: City) -> dict[str, Any]:
    if format_ == "mso_mdoc":
        return query(city) | {"meta": {"doctype_value": CARD}}
    meta, claims = {"vct_values": [LIBRARY]}, [{"path": ["name"]}]
    return {"id": "doc", "format": format_, "meta": meta, "claims": claims}


def card(asked: Asked, format_: str, signer: SoftwareSigner = SIGNER) -> str:
    """Show a card of the library; it names no status list."""
    if format_ == "mso_mdoc":
        document = issued(asked.city, signer=signer, doc_type=CARD, status=None)
        return shown(asked, issuer_signed=document)
    said = {"iss": "https://library.example", "vct": LIBRARY, "status": None}
    return asked.show("doc", asked.city.credential("digital_id", signer=signer, **said))


def ask(city: City, *queries: dict[str, Any]) -> tuple[Asked, str]:
    key = city.key()
    answer = city.ask({"dcql_query": {"credentials": list(queries)}}, key=key)
    assert answer.status_code == 201, answer.text
    return city.asked(answer.json()), key


def refused(city: City, asked: Asked, key: str, text: str) -> list[str]:
    """Answer badly; return the codes that the agency is told."""
    answer = asked.answer({"doc": [text]})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    told = city.told(asked.id, key).json()
    assert (told["state"], told["result"]) == ("open", None)
    return [each["code"] for each in told["reasons"]]


FORMATS = ["dc+sd-jwt", "mso_mdoc"]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_foreign_type_counts_under_its_anchor(trusting: City, format_: str) -> None:
    asked, key = ask(trusting, card_query(format_, trusting))
    assert asked.answer({"doc": [card(asked, format_)]}).status_code == 200
    (proved,) = trusting.told(asked.id, key).json()["result"]["credentials"]
    assert (proved["format"], proved["standing"]) == (format_, "valid")
    assert proved["type"] in {LIBRARY, CARD}


@pytest.mark.parametrize("format_", FORMATS)
def test_a_foreign_type_counts_for_nothing_under_another(
    land: Land, tmp_path: Path, format_: str
) -> None:
    anchors = anchored(tmp_path, OTHER_ROOT)
    with open_city(land, ask_outside_registry=OUTSIDE, credential_anchors=anchors) as city:
        asked, key = ask(city, card_query(format_, city))
        assert refused(city, asked, key, card(asked, format_)) == ["unknown_anchor"]


@pytest.mark.parametrize("format_", FORMATS)
def test_without_an_anchor_a_foreign_type_is_not_asked(land: Land, format_: str) -> None:
    with open_city(land, ask_outside_registry=OUTSIDE) as city:
        answer = city.ask({"dcql_query": {"credentials": [card_query(format_, city)]}})
        assert (answer.status_code, answer.json()["title"]) == (403, "issuer_unknown")


@pytest.mark.parametrize("revoked", [True, False])
def test_v22_a_foreign_document_on_an_identifier_list(trusting: City, *, revoked: bool) -> None:
    """Its list is signed under the same root by another than the document's signer."""
    name, other = b"\x07" * 16, b"\x08" * 16
    listed = IdentifierList(frozenset({name if revoked else other, b"\x09" * 16}))
    token = IdentifierListToken(trusting.list_uri, NOW, NOW + 600, 720, listed)
    by = certified(BELOW, "https://lists.library.example")
    trusting.web.published[trusting.list_uri] = identifier_list.encode(token, by)
    trusting.web.media_type = identifier_list.MEDIA_TYPE
    asked, key = ask(trusting, card_query("mso_mdoc", trusting))
    document = issued(trusting, signer=SIGNER, doc_type=CARD, status=name)
    text = shown(asked, issuer_signed=document)
    if revoked:
        assert refused(trusting, asked, key, text) == ["status_revoked"]
    else:
        assert asked.answer({"doc": [text]}).status_code == 200
    assert trusting.web.asked.count(trusting.list_uri) == 1


def expired_leaf() -> SoftwareSigner:
    return certified(BELOW, "https://library.example", now=NOW - (ca.LEAF_DAYS + 1) * DAY)


def below_expired() -> SoftwareSigner:
    then = NOW - (ca.INTERMEDIATE_DAYS + 1) * DAY
    old = ca.intermediate(ROOT, new_key(), "library's old", now=then)
    return certified(old, "https://library.example")


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("make", [expired_leaf, below_expired])
def test_v25_an_expired_member_of_a_chain(trusting: City, format_: str, make: Any) -> None:
    asked, key = ask(trusting, card_query(format_, trusting))
    found = refused(trusting, asked, key, card(asked, format_, make()))
    assert found == ["certificate_expired"]


@pytest.mark.parametrize("format_", FORMATS)
def test_v25_an_anchor_that_was_withdrawn(land: Land, format_: str) -> None:
    """What revokes a municipality's certificates is its record: another root, none of the old."""
    with open_city(land, ask_outside_registry=OUTSIDE) as city:
        twin = city.accreditations.twin
        record = twin.record_of(city.identifier("issuer"))
        document = parse_document(twin.documents[record])
        assert isinstance(document, Issuer)
        twin.now = NOW - 2 * DAY  # before the certificate was issued
        twin.remove(record)
        twin.add(dataclasses.replace(document, anchors=(b"\x01" * 32,)))
        asked, key = ask(city, of_city(city, format_))
        codes = refused(city, asked, key, own(asked, format_))
        assert codes == ["unknown_anchor"]


@pytest.mark.parametrize("format_", FORMATS)
def test_v25_a_leaf_that_may_not_sign_this_type(land: Land, format_: str) -> None:
    with open_city(land, ask_outside_registry=OUTSIDE) as city:
        twin = city.accreditations.twin
        record = twin.record_of(city.identifier("issuer"))
        document = parse_document(twin.documents[record])
        assert isinstance(document, Issuer)
        names = {city.vct("digital_id"), city.deps.catalogue.doc_type("digital_id")}
        twin.now = NOW - 2 * DAY
        twin.remove(record)
        types = tuple(each for each in document.types if each not in names)
        twin.add(dataclasses.replace(document, types=types))
        asked, key = ask(city, of_city(city, format_))
        assert refused(city, asked, key, own(asked, format_)) == ["issuer_not_accredited"]


def of_city(city: City, format_: str) -> dict[str, Any]:
    if format_ == "mso_mdoc":
        return query(city)
    return card_query(format_, city) | {"meta": {"vct_values": [city.vct("digital_id")]}}


def own(asked: Asked, format_: str) -> str:
    """Show a Digital ID of the municipality."""
    return shown(asked) if format_ == "mso_mdoc" else asked.show("doc", type_id="digital_id")


CODES = ["snapshot_rolled_back", "snapshot_history", "snapshot_other_chain", "snapshot_signature"]


@pytest.mark.parametrize("code", CODES)
def test_v45_on_a_state_that_is_not_proven_nothing_is_valid(land: Land, code: str) -> None:
    with open_city(land, ask_outside_registry=OUTSIDE) as city:
        asked, key = ask(city, of_city(city, "dc+sd-jwt"))
        city.accreditations.error = SnapshotError(code, "not what the chain says")
        assert refused(city, asked, key, own(asked, "dc+sd-jwt")) == [code]
        assert city.journal()[-1] == f"presentation.{code}"


# --- a federation that the issuer has to be in


@pytest.fixture
def federated(land: Land, tmp_path: Path) -> Iterator[tuple[City, Realm]]:
    realm, file = Realm(NOW), tmp_path / "federation.json"
    file.write_text(json.dumps({ANCHOR: jwks(realm.key(ANCHOR))}))
    with open_city(land, ask_outside_registry=OUTSIDE, federation_anchors=file) as city:
        issuer = city.identifier("issuer")
        realm.publish(issuer, ANCHOR)
        realm.publish(ANCHOR)
        city.web.published.update(realm.published)
        city.web.media_types.update(dict.fromkeys(realm.published, entity_statement.MEDIA_TYPE))
        yield city, realm


def within(city: City, format_: str, *entities: str) -> dict[str, Any]:
    authority = {"type": "openid_federation", "values": [*entities]}
    return of_city(city, format_) | {"trusted_authorities": [authority]}


@pytest.mark.parametrize("format_", FORMATS)
def test_an_issuer_counts_by_its_federation(federated: tuple[City, Realm], format_: str) -> None:
    city, _ = federated
    asked, key = ask(city, within(city, format_, "https://else.example", ANCHOR))
    assert asked.answer({"doc": [own(asked, format_)]}).status_code == 200
    assert city.told(asked.id, key).json()["state"] == "answered"


@pytest.mark.parametrize("format_", FORMATS)
def test_an_issuer_outside_of_the_federation_is_refused(
    federated: tuple[City, Realm], format_: str
) -> None:
    city, realm = federated
    asked, key = ask(city, within(city, format_, "https://else.example"))
    refusal = ["authority_not_accepted"]
    assert refused(city, asked, key, own(asked, format_)) == refusal
    city.clock.advance(400)
    for address in realm.published:
        city.web.published.pop(address)
    asked, key = ask(city, within(city, format_, ANCHOR))
    assert refused(city, asked, key, own(asked, format_)) == refusal
    assert not any("else.example" in address for address in city.web.asked)


@pytest.mark.parametrize("format_", FORMATS)
def test_an_issuer_that_breaks_a_policy_of_the_federation_is_refused(
    federated: tuple[City, Realm], format_: str
) -> None:
    city, realm = federated
    policy = {"openid_credential_issuer": {"credential_issuer": {"one_of": ["https://x.example"]}}}
    realm.tell(ANCHOR, city.identifier("issuer"), metadata_policy=policy)
    city.web.published.update(realm.published)
    asked, key = ask(city, within(city, format_, ANCHOR))
    assert refused(city, asked, key, own(asked, format_)) == ["authority_not_accepted"]
    assert city.journal()[-1] == "presentation.authority_not_accepted"


def test_a_chain_may_come_with_the_credential(federated: tuple[City, Realm]) -> None:
    city, realm = federated
    chain = realm.chain(city.identifier("issuer"), ANCHOR)
    for address in realm.published:
        city.web.published.pop(address)
    asked, _ = ask(city, within(city, "dc+sd-jwt", ANCHOR))
    text = asked.show("doc", city.credential("digital_id", header={"trust_chain": chain}))
    assert asked.answer({"doc": [text]}).status_code == 200
    assert not any("openid-federation" in address for address in city.web.asked)


def test_nobody_else_makes_us_look_around(federated: tuple[City, Realm]) -> None:
    city, _ = federated
    asked, key = ask(city, within(city, "dc+sd-jwt", ANCHOR))
    forged = city.credential("digital_id", signer=city.land.stranger)
    codes = refused(city, asked, key, asked.show("doc", forged))
    assert codes == ["unknown_anchor", "authority_not_accepted"]
    assert not any("openid-federation" in address for address in city.web.asked)


# --- a trusted list that the issuer has to be on, and what nobody could answer

LISTED = "https://list.example/tl.xml"


@pytest.fixture
def listing(land: Land, tmp_path: Path) -> Iterator[City]:
    lists = {LISTED: anchored(tmp_path, ROOT), f"{LISTED}/2": tmp_path / "own"}
    (tmp_path / "own").mkdir()
    with open_city(land) as city:
        for number, root in enumerate(city.roots):
            (tmp_path / "own" / f"{number}.der").write_bytes(root)
    with open_city(land, ask_outside_registry=OUTSIDE, trusted_lists=lists) as city:
        yield city


def on(city: City, format_: str, *values: str, kind: str = "etsi_tl") -> dict[str, Any]:
    authority = {"type": kind, "values": [*values]}
    return of_city(city, format_) | {"trusted_authorities": [authority]}


@pytest.mark.parametrize("format_", FORMATS)
def test_an_issuer_counts_by_a_trusted_list(listing: City, format_: str) -> None:
    asked, key = ask(listing, on(listing, format_, LISTED, f"{LISTED}/2"))
    assert asked.answer({"doc": [own(asked, format_)]}).status_code == 200
    asked, key = ask(listing, on(listing, format_, LISTED))
    codes = refused(listing, asked, key, own(asked, format_))
    assert codes == ["authority_not_accepted"]
    assert not any("list.example" in address for address in listing.web.asked)


UNANSWERABLE: dict[str, tuple[dict[str, Any], str]] = {
    "ldp_vc": (
        {"format": "ldp_vc", "meta": {"type_values": [["A"]]}, "claims": [{"path": ["name"]}]},
        "ldp_vc is not verified here",
    ),
    "jwt_vc_json": (
        {"format": "jwt_vc_json", "meta": {}, "claims": [{"path": ["name"]}]},
        "jwt_vc_json is not verified here",
    ),
    "unknown list": (
        {"trusted_authorities": [{"type": "etsi_tl", "values": ["https://x.example"]}]},
        "etsi_tl",
    ),
    "no federation": (
        {"trusted_authorities": [{"type": "openid_federation", "values": ["https://x.example"]}]},
        "openid_federation",
    ),
    "unknown type": ({"trusted_authorities": [{"type": "x", "values": ["y"]}]}, "type x"),
}


@pytest.mark.parametrize("name", UNANSWERABLE)
def test_nothing_is_asked_that_would_be_refused(listing: City, name: str) -> None:
    changes, told = UNANSWERABLE[name]
    credential = card_query("dc+sd-jwt", listing) | changes
    if "format" not in changes:
        credential["meta"] = {"vct_values": [listing.vct("digital_id")]}
    answer = listing.ask({"dcql_query": {"credentials": [credential]}})
    assert (answer.status_code, answer.json()["title"]) == (400, "invalid_query")
    assert told in answer.json()["detail"]
    assert listing.journal()[-1] == "presentation.query"


# --- how the verifier names itself


@pytest.fixture
def naming(land: Land, tmp_path: Path) -> Iterator[tuple[City, KnownClients]]:
    attester = generate_p256("a")
    key = land.keys.signer(TENANT, "verifier").public_key
    said = VerifierAttestation(ATTESTER, "hanbit", key, NOW + 300)
    file = tmp_path / "attestation.jwt"
    file.write_text(make_attestation(said, attester, issued_at=NOW))
    with open_city(land, verifier_attestations={TENANT: file}) as city:
        yield city, KnownClients({}, {ATTESTER: attester.public_key})


def named(city: City, prefix: str, clients: KnownClients, **policy: Any) -> VerifiedRequest:
    """Have a wallet fetch and check a request under a prefix."""
    wish = {"purpose": "counter_identification", "client_id_prefix": prefix}
    return fetched(city, wish, clients=clients, **policy)


def fetched(city: City, wish: dict[str, Any], **policy: Any) -> VerifiedRequest:
    told = city.ask(wish).json()
    link = dict(parse_qsl(told["request_uri"].partition("?")[2]))
    client_id, compact = link["client_id"], city.client.get(link["request_uri"]).text
    location = did_location(client_id)
    documents = {} if location is None else {location: city.client.get(location).content}
    held = {"anchors": city.roots, "did_documents": documents, **policy}
    return verify_request(compact, client_id=client_id, policy=WalletPolicy(now=NOW, **held))


PREFIXES = {
    "x509_hash": (Standing.CERTIFIED, {"anchors": (ROOT.der,)}),
    "x509_san_dns": (Standing.CERTIFIED, {"anchors": (ROOT.der,)}),
    "verifier_attestation": (Standing.ATTESTED, {"clients": KnownClients()}),
    "decentralized_identifier": (Standing.NAMED, {"did_documents": {}}),
}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_wallet_knows_the_verifier_by_each_prefix(
    naming: tuple[City, KnownClients], prefix: str
) -> None:
    city, clients = naming
    standing, without = PREFIXES[prefix]
    verified = named(city, prefix, clients, named=True)
    assert verified.client.standing is standing
    assert (verified.request.client_id or "").startswith(f"{prefix}:")
    with pytest.raises(VpError):
        named(city, prefix, **{"clients": clients, "named": True, **without})


def test_a_wallet_finds_a_document_within_the_registered_purpose(land: Land) -> None:
    with open_city(land) as city:
        wish = {"purpose": "counter_identification", "dcql_query": {"credentials": [query(city)]}}
        verified = fetched(city, wish)
        registry = city.accreditations.registry(now=NOW)
        found = check_registration(verified, registry, now=NOW)
        assert found.purpose == "counter_identification"
        assert asked_types(verified.request.dcql_query).keys() == {
            city.deps.catalogue.doc_type("digital_id")
        }


def test_a_document_identifies_somebody_at_the_counter(land: Land) -> None:
    with open_city(land) as city:
        narrowed(city, "counter_identification", city.vct("digital_id"), None)
        asked = city.ask_identity()
        assert asked.answer({"digital_id": [shown(asked, "digital_id")]}).status_code == 200
        told = city.state(asked)
        assert (told["state"], told["failures"]) == ("answered", [])
        assert told["result"]

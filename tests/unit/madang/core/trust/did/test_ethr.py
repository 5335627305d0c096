"""did:ethr: the document of an account, and what the events of its registry change."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.jwk import PublicKey
from madang.core.trust.did.erc1056 import (
    MAX_EVENTS,
    MAX_VALUE,
    DIDAttributeChanged,
    DIDDelegateChanged,
    DIDOwnerChanged,
    Event,
    History,
)
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.ethr import CHAINS, parse
from madang.core.trust.did.model import DidDocument, Purpose
from madang.core.trust.did.resolution import key_for, resolve

# Of the private key 1: its address, and the point itself.
ADDRESS = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
CHECKSUMMED = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
POINT = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
OTHER = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"
NOBODY = "0x" + "0" * 40
DID = f"did:ethr:0x1f90:{ADDRESS}"
NOW = 1_800_000_000
NATIVE = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
ED25519, RAW = PublicKey.from_native(NATIVE), NATIVE.public_bytes_raw()


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def owner(new: str, at: int = NOW - 9) -> DIDOwnerChanged:
    return DIDOwnerChanged(ADDRESS, new, at)


def delegate(
    kind: str = "veriKey", account: str = OTHER, valid_to: int = NOW, at: int = NOW - 9
) -> DIDDelegateChanged:
    return DIDDelegateChanged(ADDRESS, word(kind), account, valid_to, at)


def attribute(
    name: str, value: bytes = RAW, valid_to: int = NOW, at: int = NOW - 9
) -> DIDAttributeChanged:
    return DIDAttributeChanged(ADDRESS, word(name), value, valid_to, at)


def document(*events: Event, at: int = NOW, did: str = DID) -> DidDocument:
    return resolve(did, History(ADDRESS, events, at))


def names(found: DidDocument) -> list[str]:
    return [method.id.partition("#")[2] for method in found.verification_method]


def account_of(found: DidDocument, name: str = "controller") -> Any:
    return next(m for m in found.verification_method if m.id.endswith("#" + name)).other


def test_an_account_needs_no_registry() -> None:
    name = f"{DID}#controller"
    expected = {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/suites/secp256k1recovery-2020/v2",
        ],
        "id": DID,
        "verificationMethod": [
            {
                "id": name,
                "type": "EcdsaSecp256k1RecoveryMethod2020",
                "controller": DID,
                "blockchainAccountId": f"eip155:8080:{ADDRESS}",
            }
        ],
        "authentication": [name],
        "assertionMethod": [name],
    }
    assert resolve(DID).to_json() == expected
    assert document().to_json() == expected


def test_letters_of_an_address_may_be_large_or_small() -> None:
    found = resolve(f"did:ethr:{CHECKSUMMED}", History(ADDRESS.upper().replace("X", "x"), (), NOW))
    assert found.id == f"did:ethr:{CHECKSUMMED}"
    assert account_of(found) == {"blockchainAccountId": f"eip155:1:{ADDRESS}"}


@pytest.mark.parametrize(
    ("network", "chain_id"),
    [("", 1), ("mainnet:", 1), ("sepolia:", 11155111), ("0x1F90:", 8080), ("hanbit:t1:", 77)],
)
def test_a_network_has_a_name_or_a_number(network: str, chain_id: int) -> None:
    chains = {**CHAINS, "hanbit:t1": 77}
    did = f"did:ethr:{network}{ADDRESS}"
    assert parse(did, chains).chain_id == chain_id
    assert account_of(resolve(did, chains=chains))["blockchainAccountId"].split(":")[1] == str(
        chain_id
    )


@pytest.mark.parametrize(
    ("specific", "code"),
    [
        ("hanbit:" + ADDRESS, "unknown_network"),
        ("0x:" + ADDRESS, "did_malformed"),
        ("0x" + "1" * 17 + ":" + ADDRESS, "did_malformed"),
        (ADDRESS[:-1], "did_malformed"),
        (ADDRESS + "0", "did_malformed"),
        (ADDRESS[2:], "did_malformed"),
        (ADDRESS.replace("7e", "7g"), "did_malformed"),
        (POINT + "0", "did_malformed"),
        (POINT.replace("0x02", "0x04"), "did_malformed"),
        ("0x02" + "f" * 64, "did_malformed"),
    ],
)
def test_what_is_no_account_is_refused(specific: str, code: str) -> None:
    with pytest.raises(DidError) as refused:
        resolve(f"did:ethr:{specific}")
    assert refused.value.code == code


def test_keys_of_accounts_are_represented_and_sign_nothing() -> None:
    found = document(delegate("sigAuth"), attribute("did/pub/Secp256k1/veriKey/hex", b"\x02"))
    assert names(found) == ["controller", "delegate-1", "delegate-2"]
    for name in names(found):
        with pytest.raises(DidError) as refused:
            key_for(found, name, Purpose.ASSERTION_METHOD)
        assert refused.value.code == "key_unusable"


def test_a_did_of_a_public_key_has_it_until_another_account_controls_it() -> None:
    did = f"did:ethr:{POINT}"
    assert names(resolve(did)) == ["controllerKey"]
    found = document(did=did)
    assert names(found) == ["controller", "controllerKey"]
    assert account_of(found, "controllerKey") == {"publicKeyHex": POINT[2:]}
    assert len(found.authentication) == len(found.assertion_method) == 2
    assert names(document(owner(OTHER), did=did)) == ["controller"]
    assert names(document(owner(OTHER), owner(ADDRESS), did=did)) == ["controller", "controllerKey"]


def test_the_last_owner_controls_the_identity() -> None:
    found = document(owner("0x" + "1" * 40), owner(OTHER.upper().replace("X", "x")))
    assert account_of(found) == {"blockchainAccountId": f"eip155:8080:{OTHER}"}
    assert document(delegate(), owner(OTHER)).verification_method[1:]


def test_an_identity_that_nobody_controls_has_nothing_any_more() -> None:
    found = document(delegate(), owner(NOBODY), owner(OTHER), delegate())
    assert found == DidDocument(DID)
    assert names(document(owner(NOBODY), at=NOW - 10)) == ["controller"]


BOTH = (Purpose.AUTHENTICATION, Purpose.ASSERTION_METHOD)


@pytest.mark.parametrize(("kind", "uses"), [("veriKey", BOTH[1:]), ("sigAuth", BOTH)])
def test_what_a_delegate_may_do(kind: str, uses: tuple[Purpose, ...]) -> None:
    found, name = document(delegate(kind)), f"{DID}#delegate-1"
    assert tuple(purpose for purpose in BOTH if name in found.listed(purpose)) == uses
    told = account_of(found, "delegate-1")
    assert told == {"blockchainAccountId": f"eip155:8080:{OTHER}"}


@pytest.mark.parametrize("kind", ["enc", "other", "", "\xff"])
def test_a_delegate_of_another_type_is_left_out_and_counted(kind: str) -> None:
    raw = kind.encode("latin-1").ljust(32, b"\0")
    found = document(DIDDelegateChanged(ADDRESS, raw, OTHER, NOW, NOW - 9), delegate())
    assert names(found) == ["controller", "delegate-2"]


@pytest.mark.parametrize(
    ("purpose", "uses"), [("veriKey", BOTH[1:]), ("sigAuth", BOTH), ("enc", ())]
)
def test_a_key_of_ed25519_can_be_used(purpose: str, uses: tuple[Purpose, ...]) -> None:
    found = document(attribute(f"did/pub/Ed25519/{purpose}/base64"))
    for each in BOTH:
        if each in uses:
            assert key_for(found, "delegate-1", each) == ED25519
        else:
            with pytest.raises(DidError, match="not listed"):
                key_for(found, "delegate-1", each)
    assert found.to_json()["verificationMethod"][1]["type"] == "Ed25519VerificationKey2020"


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("did/pub/Ed25519/veriKey", RAW[:-1], "Ed25519"),
        ("did/pub/Secp256k1/veriKey/hex", b"\x02\x03", "EcdsaSecp256k1VerificationKey2019"),
        ("did/pub/RSA/veriKey/pem", b"\x30", "RsaVerificationKey2018"),
        ("did/pub/Other", b"", "Other"),
    ],
)
def test_other_keys_are_represented(name: str, value: bytes, kind: str) -> None:
    method = document(attribute(name, value)).verification_method[1]
    assert (method.type, method.other) == (kind, {"publicKeyHex": value.hex()})


def test_a_service_has_its_name_and_address() -> None:
    found = document(attribute("did/svc/HubService", b"https://hub.example"))
    assert [each.to_json() for each in found.service] == [
        {
            "id": f"{DID}#service-1",
            "type": "HubService",
            "serviceEndpoint": "https://hub.example",
        }
    ]


def test_what_has_expired_or_was_taken_back_is_gone_and_the_others_keep_their_names() -> None:
    hub = attribute("did/svc/Hub", b"https://hub.example")
    key, other = attribute("did/pub/Ed25519/veriKey"), attribute("did/pub/Ed25519/sigAuth")
    for gone in (delegate(valid_to=NOW - 1), attribute("did/pub/X/veriKey", valid_to=0)):
        assert names(document(gone, key)) == ["controller", "delegate-2"]
    assert names(document(delegate(), delegate(valid_to=0), key)) == ["controller", "delegate-3"]
    back = attribute("did/pub/Ed25519/veriKey", valid_to=NOW - 1)
    assert names(document(key, other, back)) == ["controller", "delegate-2"]
    found = document(hub, attribute("did/svc/Hub", b"https://hub.example", 0), hub)
    assert [each.id for each in found.service] == [f"{DID}#service-3"]


def test_a_delegate_that_is_taken_back_is_gone_in_the_same_second() -> None:
    """The contract takes one back by an event whose `validTo` is the time of its own block."""
    back = delegate(valid_to=NOW, at=NOW)
    assert names(document(delegate(valid_to=NOW + 99), back)) == ["controller"]
    key = attribute("did/pub/Ed25519/veriKey", valid_to=NOW, at=NOW)
    assert names(document(key)) == ["controller"]


def test_a_document_is_that_of_its_time() -> None:
    events = (delegate(valid_to=NOW + 5, at=NOW - 9), delegate("sigAuth", at=NOW + 3))
    assert names(document(*events, at=NOW - 10)) == ["controller"]
    assert names(document(*events, at=NOW)) == ["controller", "delegate-1"]
    assert names(document(*events, at=NOW + 5)) == ["controller", "delegate-1"]
    assert names(document(*events, at=NOW + 6)) == ["controller"]


@pytest.mark.parametrize(
    "name",
    ["did/pub/", "did/pub/a b", "did/pub/a/b/c/d", "did/svc/", "did/svc/a/b", "else", "", "\xff"],
)
def test_a_name_of_another_form_says_nothing(name: str) -> None:
    raw = name.encode("latin-1").ljust(32, b"\0")
    found = document(DIDAttributeChanged(ADDRESS, raw, RAW, NOW, NOW))
    assert found == document()


def test_a_service_whose_address_is_no_text_says_nothing() -> None:
    assert document(attribute("did/svc/Hub", b"\xff")) == document()


@pytest.mark.parametrize(
    ("history", "code"),
    [
        (History(OTHER, (), NOW), "history_of_another"),
        (History("0x", (), NOW), "history_malformed"),
        (History(ADDRESS, (DIDOwnerChanged(OTHER, OTHER, NOW),), NOW), "history_of_another"),
        (History(ADDRESS, (owner("0x1"),), NOW), "history_malformed"),
        (History(ADDRESS, (delegate(account="someone"),), NOW), "history_malformed"),
        (History(ADDRESS, (owner(OTHER, 2), owner(OTHER, 1)), NOW), "history_malformed"),
        (History(ADDRESS, (owner(OTHER),) * (MAX_EVENTS + 1), NOW), "history_malformed"),
        (History(ADDRESS, (attribute("a", bytes(MAX_VALUE + 1)),), NOW), "history_malformed"),
    ],
)
def test_a_history_that_cannot_be_this_ones_is_refused(history: History, code: str) -> None:
    with pytest.raises(DidError) as refused:
        resolve(DID, history)
    assert refused.value.code == code


WORDS = st.sampled_from(
    ["veriKey", "sigAuth", "did/pub/Ed25519/veriKey", "did/svc/Hub", "did/pub/RSA/enc/pem"]
).map(word)
ADDRESSES = st.sampled_from([ADDRESS, OTHER, CHECKSUMMED])
EVENTS = st.one_of(
    st.builds(DIDOwnerChanged, st.just(ADDRESS), ADDRESSES | st.just(NOBODY), st.just(5)),
    st.builds(
        DIDDelegateChanged,
        st.just(ADDRESS),
        WORDS | st.binary(max_size=32),
        ADDRESSES,
        st.integers(0, 20),
        st.just(5),
    ),
    st.builds(
        DIDAttributeChanged,
        st.just(ADDRESS),
        WORDS | st.binary(max_size=32),
        st.just(RAW) | st.binary(max_size=40),
        st.integers(0, 20),
        st.just(5),
    ),
)


@given(st.lists(EVENTS, max_size=12), st.integers(0, 20))
def test_any_events_give_a_document_that_holds_together(events: list[Event], at: int) -> None:
    found = document(*events, at=at)
    known = [method.id for method in found.verification_method]
    assert len(set(known)) == len(known)
    assert {*found.authentication, *found.assertion_method} <= {*known}
    assert found == document(*events, owner(OTHER, max(at, 5) + 1), at=at)


@given(st.text("0x1aF:gm", max_size=60))
def test_any_did_is_an_account_or_refused(specific: str) -> None:
    try:
        parts = parse(f"did:ethr:{specific}", {"m": 1, "g": 2})
    except DidError:
        return
    assert (parts.address is None) != (parts.public_key is None)

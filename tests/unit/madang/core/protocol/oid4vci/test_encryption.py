import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from madang.core.envelope import jwe
from madang.core.keys.software import generate_ed25519, generate_p384
from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vci.credential import CredentialRequest, parse_credential_request
from madang.core.protocol.oid4vci.encryption import (
    ENCS,
    ResponseEncryption,
    open_request,
    open_response,
    response_encryption,
    seal_request,
    seal_response,
    wanted_encryption,
)
from madang.core.protocol.oid4vci.errors import CredentialError, Oid4vciError
from madang.core.protocol.oid4vci.metadata import (
    AnswerEncryption,
    IssuerMetadata,
    JwkSet,
    RequestEncryption,
)
from tests.fuzz.world import DECRYPTION_JWKS, ENCRYPTION_JWK, ISSUER

PRIVATE = DECRYPTION_JWKS["e1"]
WANTED = {"jwk": ENCRYPTION_JWK, "enc": "A128GCM"}
INVALID = "invalid_encryption_parameters"


def metadata(
    keys: tuple[dict[str, Any], ...] = (ENCRYPTION_JWK,),
    encs: tuple[str, ...] = ENCS,
    algs: tuple[str, ...] = ("ECDH-ES",),
) -> IssuerMetadata:
    return IssuerMetadata(
        credential_issuer=ISSUER,
        credential_endpoint=f"{ISSUER}/credential",
        credential_configurations_supported={},
        credential_request_encryption=RequestEncryption(
            jwks=JwkSet(keys=keys), enc_values_supported=encs, encryption_required=False
        ),
        credential_response_encryption=AnswerEncryption(
            alg_values_supported=algs, enc_values_supported=encs, encryption_required=False
        ),
    )


@pytest.mark.parametrize("enc", ENCS)
def test_a_request_and_its_answer_go_both_ways(enc: str) -> None:
    offered = metadata(encs=(enc,))
    wanted = wanted_encryption(offered, {**ENCRYPTION_JWK, "kid": "w"})
    assert wanted.enc == enc
    request = CredentialRequest("lease", None, ("a.b.c",), encryption=wanted)
    sealed = seal_request(request.to_json(), offered).encode()
    opened = open_request(sealed, DECRYPTION_JWKS)
    read = parse_credential_request(opened, encrypted=True)
    assert read.encryption is not None
    assert dict(read.encryption.jwk) == {**ENCRYPTION_JWK, "kid": "w"}
    assert (read.proofs, read.encryption.enc) == (("a.b.c",), enc)
    answer = seal_response({"transaction_id": "비밀"}, read.encryption)
    assert json.loads(open_response(answer.encode(), PRIVATE)) == {"transaction_id": "비밀"}


def test_a_foreign_library_opens_an_answer_that_names_the_wallets_key() -> None:
    token = JWE()
    token.deserialize(seal_response({"a": 1}, ResponseEncryption(ENCRYPTION_JWK, "A256GCM")))
    token.decrypt(JWK(**PRIVATE))
    header = json.loads(token.objects["protected"])
    assert (header["alg"], header["enc"], header["kid"]) == ("ECDH-ES", "A256GCM", "e1")
    assert json.loads(token.payload) == {"a": 1}


def test_what_was_not_asked_for_is_none() -> None:
    assert response_encryption(None, encrypted=False) is None


def test_unknown_members_are_ignored() -> None:
    found = response_encryption({**WANTED, "new": 1}, encrypted=True)
    assert found == ResponseEncryption(ENCRYPTION_JWK, "A128GCM")


def test_an_encrypted_answer_needs_an_encrypted_request() -> None:
    with pytest.raises(CredentialError, match="only where the request is") as refusal:
        response_encryption(WANTED, encrypted=False)
    assert refusal.value.code == INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"enc": "A128CBC-HS256"},
        {"enc": None},
        {"zip": "DEF"},
        {"alg": "UNSUPPORTED_ALG"},
        {"jwk": None},
        {"jwk": {**ENCRYPTION_JWK, "alg": "ECDH-ES+A128KW"}},
        {"jwk": {k: v for k, v in ENCRYPTION_JWK.items() if k != "alg"}},
        {"jwk": {**ENCRYPTION_JWK, "use": "sig"}},
        {"jwk": {**ENCRYPTION_JWK, "key_ops": ["verify"]}},
        {"jwk": {**ENCRYPTION_JWK, "x": ENCRYPTION_JWK["y"]}},
        {"jwk": PRIVATE},
        {"jwk": {**generate_p384("a").public_key.to_jwk(), "alg": "ECDH-ES"}},
        {"jwk": {**generate_ed25519("a").public_key.to_jwk(), "alg": "ECDH-ES"}},
    ],
    ids=range(13),
)
def test_what_is_not_offered_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CredentialError) as refusal:
        response_encryption({**WANTED, **change}, encrypted=True)
    assert refusal.value.code == INVALID


@pytest.mark.parametrize(
    "compact",
    [
        b"",
        b"a.b.c.d.e",
        "비밀".encode(),
        jwe.encrypt(b"{}", {**ENCRYPTION_JWK, "kid": "e2"}, enc="A128GCM").encode(),
        jwe.encrypt(b"{}", ENCRYPTION_JWK, enc="A128GCM").encode()[:-3] + b"AAA",
    ],
    ids=["nothing", "no JWE", "no ASCII", "to another key", "altered"],
)
def test_what_was_not_encrypted_to_the_issuer_is_refused(compact: bytes) -> None:
    with pytest.raises(CredentialError) as refusal:
        open_request(compact, DECRYPTION_JWKS)
    assert refusal.value.code == INVALID
    with pytest.raises(Oid4vciError) as unread:
        open_response(compact, {**PRIVATE, "d": "AQ"})
    assert unread.value.code == "invalid_response"


def test_the_size_is_bounded() -> None:
    sealed = jwe.encrypt(b"{}", ENCRYPTION_JWK, enc="A128GCM").encode()
    assert open_request(sealed, DECRYPTION_JWKS, limits=Limits(jwe_bytes=len(sealed))) == b"{}"
    with pytest.raises(CredentialError, match="at most"):
        open_request(sealed, DECRYPTION_JWKS, limits=Limits(jwe_bytes=len(sealed) - 1))


def test_a_wallet_takes_the_first_key_that_it_can_use() -> None:
    foreign = {**generate_p384("a").public_key.to_jwk(), "kid": "p", "alg": "ECDH-ES"}
    offered = metadata(
        keys=({"kty": "RSA", "alg": "RSA-OAEP", "kid": "r"}, foreign, ENCRYPTION_JWK)
    )
    assert open_request(seal_request({}, offered).encode(), DECRYPTION_JWKS) == b"{}"


@pytest.mark.parametrize(
    "offered",
    [
        metadata(keys=({"kty": "RSA", "kid": "r"},)),
        metadata(encs=("A192GCM",)),
        metadata().model_copy(
            update={
                "credential_request_encryption": None,
                "credential_response_encryption": None,
            }
        ),
    ],
    ids=["keys", "content encryption", "nothing"],
)
def test_a_wallet_says_when_it_can_use_nothing(offered: IssuerMetadata) -> None:
    with pytest.raises(Oid4vciError, match="invalid_metadata"):
        seal_request({}, offered)


@pytest.mark.parametrize("offered", [metadata(algs=("RSA-OAEP",)), metadata(encs=("A192GCM",))])
def test_a_wallet_asks_for_no_answer_that_it_cannot_read(offered: IssuerMetadata) -> None:
    with pytest.raises(Oid4vciError, match="invalid_metadata"):
        wanted_encryption(offered, ENCRYPTION_JWK)


values = st.none() | st.integers() | st.text(max_size=3) | st.just(ENCRYPTION_JWK)


@given(st.dictionaries(st.sampled_from(["jwk", "enc", "zip", "alg"]), values))
def test_any_wish_is_read_or_refused_by_the_family(changes: dict[str, Any]) -> None:
    with contextlib.suppress(CredentialError):
        response_encryption({**WANTED, **changes}, encrypted=True)

"""Proofs to a wallet's provider, and the messages around them."""

import pytest
from pydantic import ValidationError

from madang.core.envelope import jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import generate_p256
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.possession import make_possession
from madang.core.protocol.typed_jwt import Window
from madang.core.protocol.wallet_provider import (
    INSTANCE_PROOF,
    KEY_PROOF,
    InstanceCall,
    KeyAttestationCall,
    RevocationCall,
    check_proof,
    make_proof,
)

NOW = 1_800_000_000
ENDPOINT = "https://id.city.example/city/wallet/instances"
KEY = generate_p256("instance")


class RefusedError(Exception):
    pass


def checked(compact: str, typ: str = INSTANCE_PROOF, now: int = NOW) -> tuple[PublicKey, str]:
    window = Window(now, max_age=300, max_skew=60)
    proved = check_proof(compact, typ, endpoint=ENDPOINT, window=window, refuse=RefusedError)
    assert proved.nonce is not None
    return proved.key, proved.nonce


def made(typ: str = INSTANCE_PROOF, endpoint: str = ENDPOINT) -> str:
    return make_proof(KEY, typ, endpoint=endpoint, nonce="nonce", issued_at=NOW)


def test_a_proof_names_its_key_and_the_nonce() -> None:
    assert checked(made()) == (KEY.public_key, "nonce")
    assert checked(made(KEY_PROOF), KEY_PROOF) == (KEY.public_key, "nonce")


def test_a_proof_of_one_kind_is_none_of_another() -> None:
    with pytest.raises(RefusedError, match=INSTANCE_PROOF.replace("+", r"\+")):
        checked(made(KEY_PROOF))
    with pytest.raises(RefusedError, match=KEY_PROOF.replace("+", r"\+")):
        checked(made(), KEY_PROOF)


def test_a_proof_is_for_one_endpoint() -> None:
    with pytest.raises(RefusedError, match="aud"):
        checked(made(endpoint=f"{ENDPOINT}/revoke"))


@pytest.mark.parametrize("late", [361, -61])
def test_a_proof_is_of_now(late: int) -> None:
    with pytest.raises(RefusedError, match="iat"):
        checked(made(), now=NOW + late)


def test_a_proof_needs_a_nonce() -> None:
    bare = make_possession(KEY, typ=INSTANCE_PROOF, audience=ENDPOINT, nonce=None, issued_at=NOW)
    with pytest.raises(RefusedError, match="nonce is missing"):
        checked(bare)


def test_a_proof_is_signed_by_the_key_that_it_names() -> None:
    header = {"typ": INSTANCE_PROOF, "jwk": KEY.public_key.to_jwk()}
    forged = jws.sign(jws.parse(made()).payload, header, generate_p256("other"))
    with pytest.raises(RefusedError, match="signature"):
        checked(forged)


def test_calls_are_bounded() -> None:
    assert KeyAttestationCall(proof="a", key_proofs=("b",)).to_json() == {
        "proof": "a",
        "key_proofs": ["b"],
    }
    with pytest.raises(ValidationError):
        KeyAttestationCall(proof="a", key_proofs=())
    with pytest.raises(ValidationError):
        KeyAttestationCall(proof="a", key_proofs=("b",) * (DEFAULT_LIMITS.proofs + 1))
    with pytest.raises(ValidationError):
        InstanceCall(proof="a" * (DEFAULT_LIMITS.jwt_bytes + 1))
    assert RevocationCall().to_json() == {}

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.envelope import data_integrity
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519, generate_p256
from madang.core.protocol.oid4vci.di_vp import check_di_vp, make_di_vp
from madang.core.protocol.oid4vci.errors import CredentialError
from madang.core.protocol.oid4vci.proof import CheckedProof
from madang.core.protocol.typed_jwt import Window
from madang.core.trust.did import jwk as did_jwk
from madang.core.trust.did import key as did_key

ISSUER = "https://mapo.example/mapo/issuer"
NOW = 1_780_000_000
HOLDER, OTHER = generate_p256("holder"), generate_p256("other")
DID = did_key.identifier(HOLDER.public_key)
METHOD = f"{DID}#{DID.removeprefix('did:key:')}"
OPTIONS = {
    "created": "2026-05-28T20:26:40Z",
    "verificationMethod": METHOD,
    "proofPurpose": "authentication",
    "domain": ISSUER,
    "challenge": "n",
}
DOCUMENT = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": "VerifiablePresentation"}


def check(presentation: Mapping[str, Any], *, nonce_required: bool = True) -> CheckedProof:
    return check_di_vp(
        presentation,
        audience=ISSUER,
        window=Window(NOW, 300, 60),
        nonce_required=nonce_required,
    )


def signed(document: Mapping[str, Any] = DOCUMENT, **changes: object) -> dict[str, Any]:
    options = {name: value for name, value in (OPTIONS | changes).items() if value is not None}
    return data_integrity.sign(document, options, HOLDER)


@pytest.mark.parametrize("signer", [HOLDER, generate_ed25519("b")], ids=["P-256", "Ed25519"])
def test_a_presentation_gives_its_key_and_nonce(signer: Signer) -> None:
    made = make_di_vp(signer, ISSUER, "n", NOW)
    did = did_key.identifier(signer.public_key)
    assert made["holder"] == did
    method = f"{did}#{did.removeprefix('did:key:')}"
    assert check(made) == CheckedProof(signer.public_key, "n", named=method)


def test_without_a_nonce_endpoint_there_is_no_challenge() -> None:
    made = make_di_vp(HOLDER, ISSUER, None, NOW)
    assert "challenge" not in made["proof"]
    assert check(made, nonce_required=False).nonce is None
    with pytest.raises(CredentialError, match="challenge is missing"):
        check(made)


def test_what_the_texts_leave_open_is_accepted() -> None:
    assert check(signed())
    assert check(signed(created=None))
    assert check(signed(created="2026-05-28T22:26:40.5+02:00"))
    assert check(signed(expires="2026-05-28T20:26:40Z"))
    assert check(signed(domain=[ISSUER]))
    assert check(signed({**DOCUMENT, "type": ["x", "VerifiablePresentation"]}))
    assert check(signed({**DOCUMENT, "holder": {"id": DID}, "more": 1}))
    one = signed()
    assert check({**one, "proof": [one["proof"]]})
    did = did_jwk.identifier(HOLDER.public_key)
    assert check(signed(verificationMethod=f"{did}#0")).key == HOLDER.public_key


ONE = signed()
BAD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "type": signed({**DOCUMENT, "type": "VerifiableCredential"}),
    "no proof": dict(DOCUMENT),
    "two proofs": {**ONE, "proof": [ONE["proof"]] * 2},
    "purpose": signed(proofPurpose="assertionMethod"),
    "domain": signed(domain="https://other.example"),
    "two domains": signed(domain=[ISSUER, "https://other.example"]),
    "no domain": signed(domain=None),
    "challenge no text": signed(challenge=5),
    "challenge empty": signed(challenge=""),
    "created long ago": signed(created="2026-05-28T20:20:39Z"),
    "created ahead": signed(created="2026-05-28T20:27:41Z"),
    "created no time": signed(created="yesterday"),
    "created no text": signed(created=5),
    "created without zone": signed(created="2026-05-28T20:26:40"),
    "expired": signed(expires="2026-05-28T20:25:40Z"),
    "another's key": signed(verificationMethod=f"{did_jwk.identifier(OTHER.public_key)}#0"),
    "method no text": signed(verificationMethod=None),
    "method to be fetched": signed(verificationMethod="did:web:a.example#1"),
    "method without a fragment": signed(verificationMethod=DID),
    "another holder": signed({**DOCUMENT, "holder": "did:example:1"}),
    "altered": {**ONE, "more": 1},
    "suite": {**ONE, "proof": {**ONE["proof"], "cryptosuite": "ecdsa-rdfc-2019"}},
    "value": {**ONE, "proof": {**ONE["proof"], "proofValue": "x"}},
    "fraction": {**ONE, "more": 1.5},
}


@pytest.mark.parametrize("presentation", BAD.values(), ids=BAD)
def test_a_bad_presentation_is_invalid_proof(presentation: Mapping[str, Any]) -> None:
    with pytest.raises(CredentialError) as refusal:
        check(presentation)
    assert refusal.value.code == "invalid_proof"


values = (
    st.none() | st.integers(-9, 9) | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=2)
)


@given(st.dictionaries(st.sampled_from([*OPTIONS, "expires", "proofValue", "nonce"]), values))
def test_any_proof_is_read_or_refused_by_the_family(changes: dict[str, Any]) -> None:
    with contextlib.suppress(CredentialError):
        check({**ONE, "proof": {**ONE["proof"], **changes}})
    with contextlib.suppress(CredentialError):
        check(signed(**changes))

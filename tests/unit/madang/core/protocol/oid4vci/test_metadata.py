import json
from typing import Any

import pytest

from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vci.errors import Oid4vciError
from madang.core.protocol.oid4vci.metadata import (
    AnswerEncryption,
    BatchCredentialIssuance,
    ClaimDescription,
    CredentialMetadata,
    IssuerMetadata,
    JwkSet,
    KeyAttestationsRequired,
    RequestEncryption,
    displays,
    jwt_proofs,
    parse_issuer_metadata,
    sd_jwt_vc_configuration,
)
from tests.fuzz.world import ENCRYPTION_JWK

ISSUER = "https://mapo.example/mapo/issuer"
VCT = "https://mapo.example/mapo/issuer/vct/lease/1"
NAMES = {"ko": "임대차계약 확인서", "en": "Lease certificate"}
LEASE = sd_jwt_vc_configuration(
    VCT,
    scope="lease",
    metadata=CredentialMetadata(
        display=displays(NAMES),
        claims=(
            ClaimDescription(path=("rent",), mandatory=True, display=displays({"en": "Rent"})),
            ClaimDescription(path=("tenants", None)),
        ),
    ),
)
METADATA = IssuerMetadata(
    credential_issuer=ISSUER,
    credential_endpoint=f"{ISSUER}/credential",
    nonce_endpoint=f"{ISSUER}/nonce",
    batch_credential_issuance=BatchCredentialIssuance(batch_size=10),
    display=displays({"ko": "마포구"}),
    credential_configurations_supported={"lease": LEASE},
)


def document(**changes: object) -> bytes:
    return json.dumps(METADATA.to_json() | changes).encode()


def configuration(**changes: object) -> dict[str, Any]:
    return {"credential_configurations_supported": {"lease": LEASE.to_json() | changes}}


def test_a_configuration_has_the_names_of_the_specification() -> None:
    assert LEASE.to_json() == {
        "format": "dc+sd-jwt",
        "scope": "lease",
        "vct": VCT,
        "credential_signing_alg_values_supported": ["ES256"],
        "cryptographic_binding_methods_supported": ["jwk"],
        "proof_types_supported": {
            "jwt": {"proof_signing_alg_values_supported": ["EdDSA", "ES256"]}
        },
        "credential_metadata": {
            "display": [
                {"name": "임대차계약 확인서", "locale": "ko"},
                {"name": "Lease certificate", "locale": "en"},
            ],
            "claims": [
                {
                    "path": ["rent"],
                    "mandatory": True,
                    "display": [{"name": "Rent", "locale": "en"}],
                },
                {"path": ["tenants", None], "mandatory": False},
            ],
        },
    }


FULL = IssuerMetadata(
    credential_issuer=ISSUER,
    credential_endpoint=f"{ISSUER}/credential",
    deferred_credential_endpoint=f"{ISSUER}/deferred",
    notification_endpoint=f"{ISSUER}/notification",
    credential_request_encryption=RequestEncryption(
        jwks=JwkSet(keys=(ENCRYPTION_JWK,)),
        enc_values_supported=("A128GCM",),
        encryption_required=False,
    ),
    credential_response_encryption=AnswerEncryption(
        alg_values_supported=("ECDH-ES",),
        enc_values_supported=("A128GCM",),
        encryption_required=True,
    ),
    credential_configurations_supported={
        "lease": sd_jwt_vc_configuration(
            VCT,
            scope="lease",
            metadata=CredentialMetadata(display=displays(NAMES, {"ko": "설명"})),
            proof_types={"jwt": jwt_proofs(KeyAttestationsRequired(key_storage=("a",)))},
            bindings=("jwk", "did:jwk"),
        )
    },
)


def test_everything_that_can_be_named_is_read_back() -> None:
    value = FULL.to_json()
    assert parse_issuer_metadata(json.dumps(value).encode(), issuer=ISSUER) == FULL
    assert FULL.endpoints()[1:] == (f"{ISSUER}/deferred", f"{ISSUER}/notification")
    lease: Any = value["credential_configurations_supported"]
    assert lease["lease"]["proof_types_supported"]["jwt"]["key_attestations_required"] == {
        "key_storage": ["a"]
    }
    korean, english = lease["lease"]["credential_metadata"]["display"]
    assert korean["description"] == "설명"
    assert "description" not in english


@pytest.mark.parametrize(
    "changes",
    [
        {"deferred_credential_endpoint": "http://mapo.example/deferred"},
        {"notification_endpoint": "notification"},
        {"credential_request_encryption": {"jwks": {"keys": []}}},
        {"credential_request_encryption": {"jwks": [ENCRYPTION_JWK]}},
        {"credential_response_encryption": {"alg_values_supported": ["ECDH-ES"]}},
    ],
)
def test_what_a_wallet_could_not_use_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Oid4vciError, match="invalid_metadata"):
        parse_issuer_metadata(json.dumps(FULL.to_json() | changes).encode(), issuer=ISSUER)


def test_metadata_is_read_back_and_unknown_members_are_ignored() -> None:
    assert parse_issuer_metadata(document(new=1), issuer=ISSUER) == METADATA
    assert METADATA.to_json()["batch_credential_issuance"] == {"batch_size": 10}
    assert METADATA.endpoints() == (f"{ISSUER}/credential", f"{ISSUER}/nonce")


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        document(credential_issuer="https://mapo.example"),
        document(credential_endpoint="/credential"),
        document(nonce_endpoint="http://mapo.example/nonce"),
        document(authorization_servers=[]),
        document(authorization_servers=["mapo"]),
        document(batch_credential_issuance={"batch_size": 1}),
        document(**configuration(proof_types_supported=None)),
        document(**configuration(cryptographic_binding_methods_supported=None)),
        document(**configuration(vct=None)),
        document(**configuration(format=None)),
    ],
)
def test_metadata_that_breaks_the_specification_is_refused(data: bytes) -> None:
    with pytest.raises(Oid4vciError) as refusal:
        parse_issuer_metadata(data, issuer=ISSUER)
    assert refusal.value.code == "invalid_metadata"


def test_the_number_of_configurations_is_bounded() -> None:
    assert parse_issuer_metadata(document(), issuer=ISSUER, limits=Limits(configurations=1))
    with pytest.raises(Oid4vciError, match="more than 0"):
        parse_issuer_metadata(document(), issuer=ISSUER, limits=Limits(configurations=0))

"""Good inputs of the harnesses of encrypted, deferred and attested issuing."""

from madang.core.encoding import strict_json
from madang.core.envelope import jwe, jws
from madang.core.protocol.oid4vci.di_vp import make_di_vp
from madang.core.protocol.oid4vci.key_attestation import (
    KeyAttestation,
    StatusPlace,
    make_key_attestation,
)
from madang.core.protocol.oid4vci.signed_metadata import sign_metadata
from tests.fuzz.world import ENCRYPTION_JWK, HOLDER, ISSUER, LIST, NONCE, NOW, SIGNER

Seeds = dict[str, tuple[bytes, ...]]


def dumped(value: object) -> bytes:
    return strict_json.dumps(value).encode()


def credentials() -> Seeds:
    presentation = make_di_vp(HOLDER, ISSUER, NONCE, NOW)
    attested = KeyAttestation(
        keys=(HOLDER.public_key,),
        key_storage=("iso_18045_high",),
        user_authentication=("iso_18045_basic",),
        nonce=NONCE,
        expires_at=NOW + 60,
        status=StatusPlace(LIST, 7),
    )
    attestation = make_key_attestation(attested, SIGNER, issued_at=NOW)
    metadata = {
        "credential_issuer": ISSUER,
        "credential_endpoint": f"{ISSUER}/credential",
        "credential_configurations_supported": {},
        "credential_request_encryption": {
            "jwks": {"keys": [ENCRYPTION_JWK]},
            "enc_values_supported": ["A128GCM"],
            "encryption_required": False,
        },
    }
    described = sign_metadata(metadata, SIGNER, issued_at=NOW, expires_at=NOW + 300)
    encryption = {"credential_response_encryption": {"jwk": ENCRYPTION_JWK, "enc": "A256GCM"}}
    asked = {"credential_identifier": "id", "proofs": {"di_vp": [presentation]}}
    return {
        "encrypted_credential_request": (dumped(asked | encryption),),
        "credential_request_jwe": (jwe.encrypt(b"{}", ENCRYPTION_JWK, enc="A128GCM").encode(),),
        "deferred_request": (dumped({"transaction_id": "t"} | encryption),),
        "notification": (dumped({"notification_id": "n", "event": "credential_accepted"}),),
        "key_attestation": (attestation.encode(),),
        "key_attestation_signed": (jws.parse(attestation).payload,),
        "di_vp": (dumped(presentation),),
        "signed_metadata": (described.encode(),),
        "signed_metadata_signed": (jws.parse(described).payload,),
    }

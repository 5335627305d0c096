"""Names of OpenID4VCI that several messages share; each stands here once."""

from typing import Final

JWT: Final = "jwt"
"""Proof type: JWTs, each signed by its own key (appendix F.1)."""
DI_VP: Final = "di_vp"
"""Proof type: W3C presentations under Data Integrity, each by its own key (appendix F.2)."""
ATTESTATION: Final = "attestation"
"""Proof type: one key attestation, without a signature by the keys in it (appendix F.3)."""
PROOF_TYPES: Final = (JWT, DI_VP, ATTESTATION)

PROOF_TYP: Final = "openid4vci-proof+jwt"
KEY_ATTESTATION_TYP: Final = "key-attestation+jwt"
SIGNED_METADATA_TYP: Final = "openidvci-issuer-metadata+jwt"

JWK_BINDING: Final = "jwk"
"""Cryptographic binding method: the holder key as a JWK."""
COSE_KEY_BINDING: Final = "cose_key"
"""Cryptographic binding method: the holder key as a COSE_Key."""
DID_JWK_BINDING: Final = "did:jwk"
DID_KEY_BINDING: Final = "did:key"

JSON_MEDIA_TYPE: Final = "application/json"
JWT_MEDIA_TYPE: Final = "application/jwt"
"""Of encrypted requests and answers (section 10), and of signed metadata (section 12.2.2)."""

ISO_18045_HIGH: Final = "iso_18045_high"
ISO_18045_MODERATE: Final = "iso_18045_moderate"
ISO_18045_ENHANCED_BASIC: Final = "iso_18045_enhanced-basic"
ISO_18045_BASIC: Final = "iso_18045_basic"
"""Attack potential resistance of key storage and user authentication (appendix D.2)."""

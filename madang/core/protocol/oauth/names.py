"""Names of OAuth 2.0 that several messages share; each stands here once."""

from typing import NewType

PRE_AUTHORIZED_CODE_GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
"""Grant type and key in an offer's ``grants`` (OpenID4VCI 1.0 section 4.1.1)."""

AUTHORIZATION_CODE_GRANT = "authorization_code"
"""Grant type and key in an offer's ``grants`` (RFC 6749 section 4.1.3)."""

REFRESH_TOKEN_GRANT = "refresh_token"  # noqa: S105  # a name and no secret
"""Grant type (RFC 6749 section 6)."""

GRANTS = (AUTHORIZATION_CODE_GRANT, PRE_AUTHORIZED_CODE_GRANT, REFRESH_TOKEN_GRANT)
"""All grant types that are spoken here."""

PRE_AUTHORIZED_CODE = "pre-authorized_code"
"""Token parameter and offer member (OpenID4VCI 1.0 sections 4.1.1 and 6.1)."""

TX_CODE = "tx_code"
"""Transaction code: token parameter and offer member (OpenID4VCI 1.0 sections 4.1.1 and 6.1)."""

OPENID_CREDENTIAL = "openid_credential"
"""Authorization details type (OpenID4VCI 1.0 section 5.1.1)."""

CODE = "code"
"""Response type (RFC 6749 section 4.1.1)."""

S256 = "S256"
"""Code challenge method (RFC 7636 section 4.3)."""

BEARER = "Bearer"
"""Token type (RFC 6750)."""

DPOP = "DPoP"
"""Token type, and the header of the proof (RFC 9449 sections 4.1 and 5)."""

DPOP_NONCE = "DPoP-Nonce"
"""Header with which a server hands out a nonce (RFC 9449 section 8)."""

CLIENT_ATTESTATION = "OAuth-Client-Attestation"
"""Header (draft-ietf-oauth-attestation-based-client-auth section 6.1)."""

CLIENT_ATTESTATION_POP = "OAuth-Client-Attestation-PoP"
"""Header (draft-ietf-oauth-attestation-based-client-auth section 6.1)."""

CLIENT_ATTESTATION_CHALLENGE = "OAuth-Client-Attestation-Challenge"
"""Header with a new challenge (draft-ietf-oauth-attestation-based-client-auth section 8.1)."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""``client_assertion_type`` (RFC 7523 section 2.2)."""

NONE = "none"
PRIVATE_KEY_JWT = "private_key_jwt"
ATTEST_JWT_CLIENT_AUTH = "attest_jwt_client_auth"
CLIENT_AUTH_METHODS = (NONE, PRIVATE_KEY_JWT, ATTEST_JWT_CLIENT_AUTH)
"""Client authentication methods (RFC 8414 section 2, draft attestation-based-client-auth 13.4)."""

PreAuthorizedCode = NewType("PreAuthorizedCode", str)
AccessToken = NewType("AccessToken", str)

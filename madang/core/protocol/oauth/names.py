"""Names of OAuth 2.0 that several messages share; each stands here once."""

from typing import NewType

PRE_AUTHORIZED_CODE_GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
"""Grant type and key in an offer's ``grants`` (OpenID4VCI 1.0 section 4.1.1)."""

PRE_AUTHORIZED_CODE = "pre-authorized_code"
"""Token parameter and offer member (OpenID4VCI 1.0 sections 4.1.1 and 6.1)."""

TX_CODE = "tx_code"
"""Transaction code: token parameter and offer member (OpenID4VCI 1.0 sections 4.1.1 and 6.1)."""

OPENID_CREDENTIAL = "openid_credential"
"""Authorization details type (OpenID4VCI 1.0 section 5.1.1)."""

BEARER = "Bearer"
"""Token type (RFC 6750)."""

PreAuthorizedCode = NewType("PreAuthorizedCode", str)
AccessToken = NewType("AccessToken", str)

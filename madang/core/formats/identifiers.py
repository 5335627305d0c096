"""Names of the credential formats (OpenID4VCI 1.0 appendices A.2.1 and A.3.1)."""

from typing import Final

SD_JWT_VC: Final = "dc+sd-jwt"
MSO_MDOC: Final = "mso_mdoc"

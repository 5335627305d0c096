"""Names of the credential formats (OpenID4VCI 1.0 appendix A)."""

from typing import Final

SD_JWT_VC: Final = "dc+sd-jwt"
MSO_MDOC: Final = "mso_mdoc"
LDP_VC: Final = "ldp_vc"

"""The result of an identification: a signed word for the municipality's issuer."""

from dataclasses import dataclass

from madang.core.protocol.oid4vp.result import PresentationResult, sign_result
from madang.infra.tenancy import Addresses
from verifier.presentations.clients import Signers
from verifier.presentations.model import Checked, Terms

RESULT_KEY = "verifier"
"""The key whose certificate names the verifier: the issuer follows its chain to its anchors."""


@dataclass(frozen=True, slots=True)
class Identification:
    """Tells the issuer which credential was presented; no claim travels, none is kept.

    Attributes:
        seconds: how long the result counts.
    """

    addresses: Addresses
    signers: Signers
    seconds: int

    def accept(self, terms: Terms, checked: Checked, *, now: int) -> str:
        """Return the signed result; of a certificate that came in both formats, for the first.

        Both are valid and of the one holder key: either leads the issuer to the person.
        """
        proved, *_ = checked.credentials
        result = PresentationResult(
            verifier=self.addresses.identifier(terms.tenant, "verifier"),
            issuer=terms.audience,
            presentation_id=terms.id,
            credential_type=proved.type_id,
            credential_digest=proved.issuer_digest,
            holder=checked.holder,
            issued_at=now,
            expires_at=now + self.seconds,
        )
        return sign_result(result, self.signers.signer(terms.tenant, RESULT_KEY))

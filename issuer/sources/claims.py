"""From a person to the claims of one certificate, by the register and the type."""

from dataclasses import dataclass
from datetime import date

from issuer.sources.model import PersonId, Register, UnknownPersonError
from madang.core.catalog.certificate_type import LANGUAGES, CertificateType
from madang.core.catalog.errors import RecordError
from madang.core.catalog.payload import ATTESTER_GROUP, Payload, build_payload
from madang.infra.tenancy import Tenants


class NothingToCertify(LookupError):  # noqa: N818 - a state of the register
    """The register has nothing that this certificate could say of this person.

    Attributes:
        type_id: the certificate that cannot be made.
    """

    def __init__(self, type_id: str) -> None:
        super().__init__(f"the register has nothing for {type_id}")
        self.type_id = type_id


@dataclass(frozen=True, slots=True)
class ClaimSource:
    """Makes claims.

    Attributes:
        register: the civil register.
        tenants: the municipalities, for their official names.
    """

    register: Register
    tenants: Tenants

    def payload(
        self, tenant: str, person: PersonId, certificate_type: CertificateType, day: date
    ) -> Payload:
        """Return a certificate's own claims for a person on a day.

        Raises:
            NothingToCertify: the register lacks the person, or what the type needs.
        """
        official_name = self.tenants.get(tenant).names[LANGUAGES[0]]
        try:
            record = self.register.record(tenant, person, day)
            attested = {**record, ATTESTER_GROUP: {"name": official_name}}
            return build_payload(certificate_type, attested)
        except (RecordError, UnknownPersonError) as error:
            raise NothingToCertify(certificate_type.id) from error

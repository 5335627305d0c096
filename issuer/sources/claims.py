"""From a person to the claims of one certificate, by the register and the type."""

from dataclasses import dataclass, field
from datetime import date

from issuer.sources.model import PersonId, Register, UnknownPersonError
from madang.core.catalog.certificate_type import LANGUAGES, CertificateType
from madang.core.catalog.errors import RecordError
from madang.core.catalog.payload import ATTESTER_GROUP, Payload, Selection
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
    _selections: dict[str, Selection] = field(default_factory=dict, init=False, repr=False)

    def payload(
        self, tenant: str, person: PersonId, certificate_type: CertificateType, day: date
    ) -> Payload:
        """Return a certificate's own claims for a person on a day.

        Raises:
            NothingToCertify: the register lacks the person, or what the type needs.
        """
        official_name = self.tenants.get(tenant).names[LANGUAGES[0]]
        try:
            selection = self._selection(certificate_type)
            record = self.register.record(tenant, person, day, selection.groups)
            return selection.payload({**record, ATTESTER_GROUP: {"name": official_name}})
        except (RecordError, UnknownPersonError) as error:
            raise NothingToCertify(certificate_type.id) from error

    def _selection(self, certificate_type: CertificateType) -> Selection:
        known = self._selections.get(certificate_type.id)
        if known is None or known.certificate_type is not certificate_type:
            known = self._selections[certificate_type.id] = Selection(certificate_type)
        return known

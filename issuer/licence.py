"""An issuer acts only for what the registry accredits it for, at the moment of acting."""

from collections.abc import Iterable
from dataclasses import dataclass

from issuer.office import Office
from madang.core.catalog.certificate_type import TypeId
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.trust.registry import TrustError
from madang.core.trust.snapshot import SnapshotError
from madang.infra.trust import Accreditations


class NotAccredited(RuntimeError):  # noqa: N818 - a state, not a mistake
    """The municipality may not issue a type now; the message says why and what to do.

    Attributes:
        code: issuer_not_accredited, issuer_suspended, or that of the snapshot that is missing.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Licence:
    """What the municipalities of this issuer may issue.

    Attributes:
        office: what all features share.
        accreditations: the registry.
    """

    office: Office
    accreditations: Accreditations

    def require(self, tenant: str, types: Iterable[TypeId]) -> None:
        """Let a municipality go on that may issue all of these; NotAccredited for another.

        A type that the catalogue does not have is left to others to refuse.
        """
        known = self.office.catalogue.types
        for type_id in types:
            if type_id in known:
                formats = known[type_id].formats
                self.require_format(tenant, type_id, SD_JWT_VC if SD_JWT_VC in formats else "")

    def require_format(self, tenant: str, type_id: TypeId, format_: str) -> None:
        """Let a municipality go on that may issue a type in a format; NotAccredited as above."""
        office, now = self.office, self.office.clock.now()
        named = office.vct if format_ == SD_JWT_VC else office.catalogue.doc_type
        try:
            registry = self.accreditations.registry(now=now)
            registry.issuer(office.identifier(tenant), named(type_id), at=now, now=now)
        except SnapshotError as error:
            raise NotAccredited(
                error.code, f"who is accredited is not known here now: {error}"
            ) from error
        except TrustError as error:
            raise NotAccredited(
                error.code,
                f"{type_id}: {error}; `madang accreditation list` shows what the registry says",
            ) from error

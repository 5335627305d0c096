"""What every feature of the issuer shares, and how a use case of a municipality begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from fastapi import Request
from sqlmodel import Session

from issuer.settings import Settings
from issuer.work import Work
from madang.access.errors import WrongRole
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.infra import journal
from madang.infra.catalogue import Catalogue
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.ids import Ids
from madang.infra.tenancy import Addresses, TenantId


@dataclass(frozen=True, slots=True)
class Office:
    """The issuer of all municipalities.

    Attributes:
        settings: lives, limits and sizes.
        clock: tells the time.
        ids: draws chance.
        database: the issuer's own.
        catalogue: types, municipalities, the federation.
        addresses: identifiers.
    """

    settings: Settings
    clock: Clock
    ids: Ids
    database: Database
    catalogue: Catalogue
    addresses: Addresses

    def identifier(self, tenant: str) -> str:
        """Return a municipality's identifier as an issuer."""
        return self.addresses.identifier(tenant, "issuer")

    def work(self, session: Session, tenant: str, actor: str = "") -> Work:
        """Begin a use case in an open transaction."""
        now = self.clock.now()

        def note(code: str, reference: str | None) -> None:
            journal.record(session, tenant, code, at=now, actor=actor or None, reference=reference)

        identifier = self.identifier(tenant)
        return Work(TenantId(tenant), identifier, now, self.ids, note, actor)

    def day(self, now: int) -> date:
        """Return the office's calendar day."""
        offset = timedelta(hours=self.settings.utc_offset_hours)
        return (datetime.fromtimestamp(now, UTC) + offset).date()

    def types(self, tenant: str) -> Mapping[TypeId, CertificateType]:
        """Return the certificate types that a municipality may attest."""
        attesters = self.catalogue.federation.attesters
        return {
            type_id: each
            for type_id, each in self.catalogue.types.items()
            if tenant in attesters[type_id]
        }

    def vct(self, type_id: str) -> str:
        """Return the type's `vct`, the same for all municipalities."""
        return self.catalogue.vct(self.addresses, type_id)

    def clerk(self, request: Request, tenant: str) -> str:
        """Return the pseudonym of the clerk or officer on whose behalf the counter calls.

        Raises:
            WrongRole: another service calls, whatever roles it claims.
        """
        identity = request.state.actor
        if identity.issuer != self.addresses.identifier(tenant, "counter"):
            raise WrongRole
        return str(identity.actor)

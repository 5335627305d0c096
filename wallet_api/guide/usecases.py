"""Reads the guide from the catalogue; what a programme asks comes from its rule, not from prose."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from madang.core.catalog.certificate_type import CertificateType, Path, TypeId
from madang.core.protocol.dcql.model import CredentialQuery, parse_query
from madang.core.rules.errors import RuleError
from madang.core.rules.model import Rule
from madang.core.rules.query import derive_query, sufficient_sets
from madang.infra.catalogue import Catalogue, Programme
from madang.infra.clock import Clock
from wallet_api.guide.model import AskedCertificate, Guide, NotInGuide, ProgrammeGuide, Words


@dataclass(frozen=True, slots=True)
class Guides:
    """The guides of all municipalities.

    Attributes:
        catalogue: certificate types, rules, the federation.
        clock: tells which version of a rule is in force.
    """

    catalogue: Catalogue
    clock: Clock

    def guide(self, tenant: str) -> Guide:
        """Return what a municipality offers; UnknownTenant if there is none."""
        catalogue = self.catalogue
        programmes = (
            self._programme(each)
            for each in catalogue.programmes.values()
            if catalogue.federation.purpose(each.id, tenant) is not None
        )
        certificates = (
            each
            for type_id, each in catalogue.types.items()
            if tenant in catalogue.federation.attesters[type_id]
        )
        names = catalogue.tenants.get(tenant).names
        return Guide(names, tuple(certificates), tuple(programmes))

    def certificate(self, tenant: str, type_id: str) -> CertificateType:
        """Return a certificate that a municipality attests; NotInGuide if it does not."""
        for each in self.guide(tenant).certificates:
            if each.id == type_id:
                return each
        raise NotInGuide(type_id)

    def programme(self, tenant: str, programme: str) -> ProgrammeGuide:
        """Return a programme of a municipality; NotInGuide if it has none of this id."""
        for each in self.guide(tenant).programmes:
            if each.id == programme:
                return each
        raise NotInGuide(programme)

    def _programme(self, programme: Programme) -> ProgrammeGuide:
        titles, laws = programme.texts.title, programme.texts.law
        today = _rule_today(programme, self.clock.now())
        if today is None:
            return ProgrammeGuide(programme.id, titles, laws, "", None, ())
        rule, day = today
        asks = self._asks(rule, day)
        return ProgrammeGuide(programme.id, titles, laws, rule.version, rule.effective_from, asks)

    def _asks(self, rule: Rule, day: date) -> tuple[AskedCertificate, ...]:
        """Return what the rule asks; nothing on a day for which a figure is not known."""
        try:
            query = parse_query(derive_query(rule, day=day, vct_of=lambda type_id: type_id))
        except RuleError:
            return ()
        choices = sufficient_sets(rule)
        needed = {need.alias for need in rule.credentials if all(need.alias in c for c in choices)}
        return tuple(self._asked(each, required=each.id in needed) for each in query.credentials)

    def _asked(self, query: CredentialQuery, *, required: bool) -> AskedCertificate:
        found = self.catalogue.types[TypeId((query.meta.vct_values or ("",))[0])]
        labels = {claim.path: claim.display for claim in found.claims}
        claims = tuple(_label(labels, claim.path) for claim in query.claims or ())
        return AskedCertificate(found.id, found.names, claims, required)


def _label(labels: dict[Path, Words], path: Path) -> Words:
    """Return a claim's label; rules are checked against the types when the catalogue is loaded."""
    return labels[path]


def _rule_today(programme: Programme, now: int) -> tuple[Rule, date] | None:
    """Return the version in force and today's date in its own time zone."""
    moment = datetime.fromtimestamp(now, UTC)
    for rule in programme.rules:
        day = moment.astimezone(ZoneInfo(rule.time_zone)).date()
        if rule.covers(day):
            return rule, day
    return None

"""Beginning a check: the rule in force today and the smallest request that can settle it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from madang.core.encoding import strict_json
from madang.core.encoding.strict_json import Json
from madang.core.merkle.entry import EntryKind
from madang.core.rules.errors import RuleError
from madang.core.rules.model import Rule
from madang.core.rules.query import derive_query
from madang.infra.catalogue import Catalogue, Programme
from madang.infra.ids import Ids
from madang.infra.outbox import Registered
from madang.infra.tenancy import Addresses
from verifier.eligibility.model import Check, Decided, Entered
from verifier.presentations.model import Open, Use
from verifier.presentations.opening import Opener, Presentations, Wanted

SALT_BYTES = 32
_DAY_SECONDS = 86_400


class Checks(Protocol):
    """Checks, decisions and rules in one transaction."""

    def add(self, check: Check) -> None:
        """Keep a new check."""
        ...

    def find(self, tenant: str, check: str) -> tuple[Check, Decided | None] | None:
        """Return a check of the tenant and its decision; None if the tenant has no such check."""
        ...

    def decide(self, check: Check, decided: Decided) -> bool:
        """Keep the decision on a check; False if there is one already."""
        ...

    def forget(self, *, opened_before: int) -> None:
        """Delete older checks, their decisions, and what would open their log entries."""
        ...

    def rule(self, tenant: str, digest: bytes) -> Json | None:
        """Return a rule that was put in force here, as it was read; None for another."""
        ...

    def add_rule(self, tenant: str, digest: bytes, document: Json) -> None:
        """Keep a rule that is put in force."""
        ...

    def enter(self, tenant: str, thing: Registered, *, now: int) -> None:
        """Have a thing entered in the log."""
        ...

    def entered(self, tenant: str, key: str) -> Entered | None:
        """Return what is kept of an entry; None if there is none of this key."""
        ...


class UnknownProgrammeError(LookupError):
    """There is no such programme, or the municipality is not registered for it."""


class NoRuleError(LookupError):
    """No version of the programme is in force today, or a parameter has no value for today."""


class UnknownCheckError(LookupError):
    """The tenant has no such check."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Begins checks.

    Attributes:
        days: how long a decision is kept.
    """

    catalogue: Catalogue
    addresses: Addresses
    ids: Ids
    opener: Opener
    days: int

    def programmes(self, tenant: str) -> Iterator[Programme]:
        """Yield the programmes that a municipality is registered for."""
        for programme in self.catalogue.programmes.values():
            if self.catalogue.federation.purpose(programme.id, tenant) is not None:
                yield programme

    def begin(
        self,
        checks: Checks,
        presentations: Presentations,
        tenant: str,
        programme: str,
        *,
        actor: str,
        now: int,
    ) -> Open:
        """Open the presentation of a new check.

        Raises:
            UnknownProgrammeError: no such programme here.
            NoRuleError: no version of it can decide today.
            PurposeError: the rule needs more than the registered purpose lists.
        """
        checks.forget(opened_before=now - self.days * _DAY_SECONDS)
        self.put_in_force(checks, tenant, now=now)
        found = next((each for each in self.programmes(tenant) if each.id == programme), None)
        if found is None:
            raise UnknownProgrammeError(programme)
        rule, day = rule_today(found, now)
        try:
            query = derive_query(rule, day=day, vct_of=self._vct, partial=True)
        except RuleError as error:
            raise NoRuleError(str(error)) from error
        asked = strict_json.dumps(self.opener.in_either_format(tenant, programme, query, now=now))
        wanted = Wanted(tenant, Use.ELIGIBILITY, programme, asked, actor)
        opened = self.opener.open(presentations, wanted, now=now)
        checks.add(Check(opened.terms.id, tenant, programme, rule.digest, day, now))
        return opened

    def put_in_force(self, checks: Checks, tenant: str, *, now: int) -> None:
        """Enter every version of every programme in the log, each once.

        An edited file is another version by its digest, so editing cannot go unseen.
        """
        for programme in self.programmes(tenant):
            for digest, document in programme.documents.items():
                if checks.rule(tenant, digest) is not None:
                    continue
                checks.add_rule(tenant, digest, document)
                issuer = self.addresses.identifier(tenant, "verifier")
                salt, key = self.ids.bytes(SALT_BYTES), rule_key(tenant, digest)
                thing = Registered(key, EntryKind.RULE, issuer, digest, salt)
                checks.enter(tenant, thing, now=now)

    def _vct(self, type_id: str) -> str:
        return self.catalogue.vct(self.addresses, type_id)


def rule_key(tenant: str, digest: bytes) -> str:
    """Return the log key of a rule; the same for the same rule of a municipality for ever."""
    return f"rule:{tenant}:{digest.hex()}"


def decision_key(check: str) -> str:
    """Return the log key of the decision on a check."""
    return f"decision:{check}"


def rule_today(programme: Programme, now: int) -> tuple[Rule, date]:
    """Return the version in force and today's date in its own time zone.

    Raises:
        NoRuleError: there is none.
    """
    moment = datetime.fromtimestamp(now, UTC)
    for rule in programme.rules:
        day = moment.astimezone(ZoneInfo(rule.time_zone)).date()
        if rule.covers(day):
            return rule, day
    raise NoRuleError(programme.id)

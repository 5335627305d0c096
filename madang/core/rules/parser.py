"""Reads a rule file: a closed form, so that a slip of the pen is an error and not a decision."""

from madang.core.encoding import base64url, canonical_json
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json
from madang.core.rules.conditions_parser import parse_group, parse_operand, parse_path
from madang.core.rules.consistency import check
from madang.core.rules.errors import RuleError
from madang.core.rules.model import (
    Basis,
    Benefit,
    Condition,
    CredentialAlias,
    CredentialNeed,
    GoverningDay,
    Law,
    ParameterContent,
    ParameterName,
    ParameterValue,
    Rule,
    TextId,
)
from madang.core.rules.operators import recordable
from madang.core.rules.reader import Section, refuse_fractions, shown

ANY_MUNICIPALITY = "municipality"
"""``attested_by`` that counts every municipality on the trust list."""
DIGEST_BYTES = 32

_MEMBERS = (
    "programme",
    "version",
    "effective_from",
    "effective_to",
    "time_zone",
    "governing_day",
    "predecessor",
    "law",
    "parameters",
    "credentials",
    "conditions",
    "benefit",
)


def parse_rule(value: Json) -> Rule:
    """Return the rule of a parsed JSON document.

    Raises:
        RuleError: an unknown or missing key, a wrong type, a fraction, a word outside the closed
            sets, a name that leads nowhere or that nothing uses, or a parameter that is not a
            fit operand on some day of the rule's effect.
    """
    section = Section.of(value)
    refuse_fractions(value)
    section.only(_MEMBERS)
    placed: list[tuple[Condition, str]] = []
    rule = Rule(
        programme=section.identifier("programme"),
        version=section.text("version"),
        effective_from=section.day("effective_from"),
        effective_to=None if section.get("effective_to") is None else section.day("effective_to"),
        time_zone=_time_zone(section),
        governing_day=section.choice("governing_day", GoverningDay, tuple(GoverningDay)),
        predecessor=_predecessor(section),
        law=_law(section.child("law")),
        parameters=_parameters(section),
        credentials=_credentials(section),
        conditions=parse_group(section.get("conditions"), "$.conditions", placed),
        benefit=_benefit(section.child("benefit")),
        digest=_digest(value),
    )
    check(rule, placed)
    return rule


def _digest(value: Json) -> bytes:
    try:
        return canonical_json.digest(value)
    except EncodingError as error:
        raise RuleError("$", "values with a canonical form (RFC 8785)", str(error)) from error


def _time_zone(section: Section) -> str:
    zone = section.text("time_zone")
    area, _, city = zone.partition("/")
    if not (area and city and zone.replace("/", "").replace("_", "").isalpha()):
        raise section.error("time_zone", "a zone of the IANA database such as Asia/Seoul")
    return zone


def _predecessor(section: Section) -> bytes | None:
    if section.get("predecessor") is None:
        return None
    expected = "null or the base64url SHA-256 of the version before"
    try:
        digest = base64url.decode(section.text("predecessor"))
    except EncodingError as error:
        raise section.error("predecessor", expected) from error
    if len(digest) != DIGEST_BYTES:
        raise section.error("predecessor", expected)
    return digest


def _law(section: Section) -> Law:
    section.only(("reference", "scheme", "distinct_from", "basis"))
    return Law(
        section.text("reference"),
        section.identifier("scheme"),
        section.text("distinct_from"),
        section.choice("basis", Basis, tuple(Basis)),
    )


def _parameters(section: Section) -> dict[ParameterName, tuple[ParameterValue, ...]]:
    return {
        ParameterName(name): tuple(_dated(entry) for entry in parent.entries(name))
        for name, parent in section.named("parameters")
    }


def _dated(section: Section) -> ParameterValue:
    section.only(("from", "value", "source", "basis"), ("note",))
    return ParameterValue(
        effective_from=section.day("from"),
        value=_content(section),
        source=section.text("source"),
        basis=section.choice("basis", Basis, tuple(Basis)),
        note=TextId(section.identifier("note")) if "note" in section.members else None,
    )


def _content(section: Section) -> ParameterContent | None:
    value = section.get("value")
    if value is None or recordable(value):
        return value  # type: ignore[no-any-return]  # recordable() leaves text, number or truth
    if isinstance(value, list) and value and all(recordable(item) for item in value):
        return tuple(value)
    raise section.error("value", "a text, whole number, true, false, a list of these, or null")


def _credentials(section: Section) -> tuple[CredentialNeed, ...]:
    needs = []
    for alias, parent in section.named("credentials"):
        entry = parent.child(alias)
        entry.only(("type", "attested_by"))
        needs.append(
            CredentialNeed(CredentialAlias(alias), entry.identifier("type"), _issuers(entry))
        )
    return tuple(needs)


def _issuers(section: Section) -> frozenset[str] | None:
    if section.get("attested_by") == ANY_MUNICIPALITY:
        return None
    if not isinstance(section.get("attested_by"), list):
        raise section.error("attested_by", f"{ANY_MUNICIPALITY} or a list of issuer identifiers")
    issuers = section.list("attested_by")
    for index, issuer in enumerate(issuers):
        if not isinstance(issuer, str) or not issuer.startswith("https://"):
            place = f"{section.at('attested_by')}[{index}]"
            raise RuleError(place, "an issuer identifier (https)", shown(issuer))
    return frozenset(issuers)


def _benefit(section: Section) -> Benefit:
    section.only(("amount", "months", "once", "text"), ("at_most",))
    at_most = None
    if "at_most" in section.members:
        cap = section.child("at_most")
        cap.only(("credential", "claim"))
        at_most = (CredentialAlias(cap.identifier("credential")), parse_path(cap, "claim"))
    return Benefit(
        amount=parse_operand(section.get("amount"), section.at("amount")),
        months=parse_operand(section.get("months"), section.at("months")),
        at_most=at_most,
        once=section.flag("once"),
        text=TextId(section.identifier("text")),
    )

"""The shipped federation, tenants and registered purposes fit the shipped types."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from madang.core.catalog.certificate_type import LANGUAGES, CertificateType, Disclosure, TypeId
from madang.core.catalog.federation import Federation, parse_federation

Tenants = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def federation(catalog: Path, types: dict[TypeId, CertificateType], tenants: Tenants) -> Federation:
    return parse_federation((catalog / "federation.json").read_bytes(), types, tenants)


def test_every_type_has_an_attester(
    federation: Federation, types: dict[TypeId, CertificateType]
) -> None:
    assert set(federation.attesters) == set(types)
    assert federation.lead == "hanbit"


def test_a_purpose_asks_for_nothing_that_is_open_anyway(
    federation: Federation, types: dict[TypeId, CertificateType]
) -> None:
    for purpose in federation.purposes:
        for type_id, paths in purpose.asks.items():
            open_paths = {c.path for c in types[type_id].claims if c.sd is Disclosure.NEVER}
            assert not open_paths & set(paths)


def test_the_rent_support_may_not_ask_for_pay_names_or_addresses(federation: Federation) -> None:
    purpose = federation.purpose("youth_monthly_rent", "saebyeol")
    assert purpose is not None
    asked = {path for paths in purpose.asks.values() for path in paths}
    assert not asked & {("name",), ("address",), ("monthly_income_krw",), ("birthdate",)}


def rules_in_force(catalog: Path) -> list[dict[str, Any]]:
    files = sorted(catalog.glob("rules/*/*.json"))
    rules = [json.loads(file.read_bytes()) for file in files]
    return [rule for rule in rules if rule.get("effective_to", "") is None]


def asked_by(node: object, rule: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield type and claim path of every condition, with every value a step's parameter takes."""
    if isinstance(node, list):
        for inner in node:
            yield from asked_by(inner, rule)
    elif isinstance(node, dict) and "claim" in node:
        type_id = rule["credentials"][node["credential"]]["type"]
        steps = [values_of(step, rule) for step in node["claim"]]
        yield from ((type_id, path) for path in itertools.product(*steps))
    elif isinstance(node, dict):
        yield from asked_by(list(node.values()), rule)


def values_of(step: str | dict[str, str], rule: dict[str, Any]) -> list[str]:
    if isinstance(step, str):
        return [step]
    return [str(row["value"]) for row in rule["parameters"][step["param"]]]


def test_rules_in_force_ask_for_claims_that_exist_and_are_registered(
    catalog: Path, federation: Federation, types: dict[TypeId, CertificateType]
) -> None:
    rules = rules_in_force(catalog)
    assert rules
    for rule in rules:
        purpose = next(p for p in federation.purposes if p.id == rule["programme"])
        for type_id, path in asked_by(rule["conditions"], rule):
            claims = {claim.path for claim in types[TypeId(type_id)].claims}
            assert path in claims, (rule["version"], type_id)
            assert path in purpose.asks[TypeId(type_id)], (rule["version"], type_id)


def test_a_tenant_is_complete(tenants: Tenants) -> None:
    assert set(tenants) == {"hanbit", "saebyeol"}
    for name, tenant in tenants.items():
        assert set(tenant) == {"id", "names", "host", "region_code"}
        assert tenant["id"] == name
        assert tuple(tenant["names"]) == LANGUAGES
        assert re.fullmatch(r"[0-9]{2}", tenant["region_code"])


def test_hosts_are_the_municipalities_own_and_nobody_s(tenants: Tenants) -> None:
    hosts = [tenant["host"] for tenant in tenants.values()]
    assert len(set(hosts)) == len(hosts)
    assert all(re.fullmatch(r"id\.[a-z]+\.example", host) for host in hosts)


def test_regions_differ(tenants: Tenants) -> None:
    assert len({tenant["region_code"] for tenant in tenants.values()}) == len(tenants)


def test_files_are_written_alike(catalog: Path) -> None:
    for file in [*catalog.glob("certificates/*/*.json"), *catalog.glob("tenants/*.json")]:
        text = file.read_text("utf-8")
        assert text.endswith("}\n"), file
        assert "\\u" not in text, file
        assert json.loads(text), file

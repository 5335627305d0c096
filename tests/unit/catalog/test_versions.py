"""What the rules of each version of a type are; for they decide on what was issued before.

A verifier holds older certificates to the rules of today (ADR 0027). Who changes a claim's path,
`sd` or `mandatory` raises the version, and enters the new version here; who corrects a text does
neither.
"""

import hashlib

from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.encoding import canonical_json

RULES = {
    "appointment_letter/1": "825b5203f57da523",
    "digital_id/1": "73564a98e1995d98",
    "employment_status/1": "2230f889b329ca75",
    "household_income/1": "34fd8c35b77198d4",
    "housing_support_none/1": "1b2440091495107c",
    "lease/1": "4ce78f2a58f2431b",
    "mobile_driving_licence/1": "1a9312c7d066957c",
    "resident_register_abstract/1": "1f1348039a38bc8d",
    "resident_register_copy/1": "0aa9f32f74aff10d",
}
"""Digest of the rules of each type, by its id and version."""


def digest(certificate_type: CertificateType) -> str:
    rules = [[list(c.path), c.sd.value, c.mandatory] for c in certificate_type.claims]
    in_order = sorted(rules, key=canonical_json.encode)
    return hashlib.sha256(canonical_json.encode(in_order)).hexdigest()[:16]


def test_rules_change_with_a_new_version_only(types: dict[TypeId, CertificateType]) -> None:
    found = {f"{each.id}/{each.version}": digest(each) for each in types.values()}
    assert found == RULES

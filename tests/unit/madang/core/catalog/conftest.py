"""A made-up certificate type that uses every kind of claim."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

Document = dict[str, Any]


def texts(word: str) -> Document:
    return {"ko": f"{word} 글", "en": f"{word} text", "ja": f"{word} 文"}


def claim(path: list[str | None], source: str | None, value_type: str, **more: object) -> Document:
    body: Document = {"path": path, "value_type": value_type, "mandatory": True}
    if source is not None:
        body["source"] = source
    body["sd"] = "never" if value_type == "object" else "always"
    body["display"] = texts(str(path[-1]))
    return {**body, **more}


def documents() -> dict[str, Document]:
    yes_no = {"yes": texts("yes"), "no": texts("no")}
    return {
        "type.json": {
            "id": "permit",
            "version": 3,
            "names": texts("permit"),
            "descriptions": texts("about permits"),
            "issuing_authority": {"kind": "ministry", "name": "부처", "names": texts("ministry")},
            "attested_by": "municipality",
            "holder_type": "individual",
            "identity_level": "substantial",
            "requires_digital_id": True,
            "validity_days": 90,
            "formats": ["dc+sd-jwt"],
            "source": {"name": "a page", "basis": "B", "note": "for tests"},
        },
        "claims.json": {
            "claims": [
                claim(["issuing_authority"], "type.issuing_authority", "string", sd="never"),
                claim(["attested_by"], "attester.name", "string", sd="never"),
                claim(["name"], "person.name", "string"),
                claim(["fee_krw"], "permit.fee_krw", "integer"),
                claim(["granted"], "permit.granted", "code", values=yes_no),
                claim(["since"], "permit.since", "date", mandatory=False),
                claim(["over"], None, "object"),
                claim(["over", "18"], "person.over.18", "boolean"),
                claim(["over", "40"], "person.over.40", "boolean"),
                claim(["sites"], "permit.sites", "array"),
                claim(["sites", None, "town"], "permit.sites[].town", "string"),
                claim(["sites", None, "note"], "permit.sites[].note", "string", mandatory=False),
                claim(["tags"], "permit.tags", "array", sd="never", mandatory=False),
                claim(["tags", None], "permit.tags[]", "string", sd="allowed"),
            ]
        },
        "example.json": {"record": record(), "payload": payload()},
    }


def record() -> Document:
    return {
        "attester": {"name": "한빛시"},
        "person": {"name": "한도윤", "over": {"18": True, "40": False}, "shoe_size": 270},
        "permit": {
            "fee_krw": 12_000,
            "granted": "yes",
            "since": "2025-02-28",
            "sites": [{"town": "가람"}, {"town": "나루", "note": "by the river"}],
            "tags": ["a", "b"],
        },
    }


def payload() -> Document:
    return {
        "issuing_authority": "부처",
        "attested_by": "한빛시",
        "name": "한도윤",
        "fee_krw": 12_000,
        "granted": "yes",
        "since": "2025-02-28",
        "over": {"18": True, "40": False},
        "sites": [{"town": "가람"}, {"town": "나루", "note": "by the river"}],
        "tags": ["a", "b"],
    }


def encoded(of: Mapping[str, Document]) -> dict[str, bytes]:
    return {name: json.dumps(document).encode() for name, document in of.items()}


@pytest.fixture
def permit() -> dict[str, Document]:
    """The three documents of the type's folder, fresh for each test to spoil."""
    return documents()


@pytest.fixture
def encode() -> Callable[[Mapping[str, Document]], dict[str, bytes]]:
    """How documents become the files of a folder."""
    return encoded

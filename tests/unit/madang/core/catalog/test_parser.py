"""A folder becomes a type, or the error names file, key and what was expected."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from madang.core.catalog.certificate_type import (
    AuthorityKind,
    Basis,
    Claim,
    Disclosure,
    ValueType,
    vct,
)
from madang.core.catalog.errors import CatalogError
from madang.core.catalog.parser import parse_type

Documents = dict[str, dict[str, Any]]
Encode = Callable[[Mapping[str, Any]], dict[str, bytes]]


def claims(documents: Documents) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = documents["claims.json"]["claims"]
    return found


def test_a_folder_becomes_a_type(permit: Documents, encode: Encode) -> None:
    parsed = parse_type(encode(permit), "permit")
    assert (parsed.id, parsed.version, parsed.validity_days) == ("permit", 3, 90)
    assert parsed.names == {"ko": "permit 글", "en": "permit text", "ja": "permit 文"}
    assert parsed.issuing_authority.kind is AuthorityKind.MINISTRY
    assert parsed.issuing_authority.name == "부처"
    assert parsed.attested_by is AuthorityKind.MUNICIPALITY
    assert parsed.requires_digital_id is True
    assert parsed.formats == ("dc+sd-jwt",)
    assert parsed.source.basis is Basis.BLOG
    assert [claim.path for claim in parsed.claims][:3] == [
        ("issuing_authority",),
        ("attested_by",),
        ("name",),
    ]
    assert parsed.claims[11] == Claim(
        path=("sites", None, "note"),
        source="permit.sites[].note",
        value_type=ValueType.STRING,
        sd=Disclosure.ALWAYS,
        mandatory=False,
        display={"ko": "note 글", "en": "note text", "ja": "note 文"},
        values={},
    )
    assert vct("https://id.city.example/city/issuer", parsed) == (
        "https://id.city.example/city/issuer/vct/permit/3"
    )


def test_a_text_may_have_further_known_languages(permit: Documents, encode: Encode) -> None:
    permit["type.json"]["names"]["vi"] = "giấy phép"
    assert parse_type(encode(permit), "permit").names["vi"] == "giấy phép"


def test_a_municipality_own_certificate_names_the_attester_as_authority(
    permit: Documents, encode: Encode
) -> None:
    permit["type.json"]["issuing_authority"]["kind"] = "municipality"
    claims(permit)[0]["source"] = "attester.name"
    permit["example.json"]["payload"]["issuing_authority"] = "한빛시"
    assert parse_type(encode(permit), "permit").claims[0].source == "attester.name"


def put(file: str, *keys: str | int, value: object) -> Callable[[Documents], None]:
    """Return a change that sets one value in one file."""

    def change(documents: Documents) -> None:
        node: Any = documents[file]
        for key in keys[:-1]:
            node = node[key]
        node[keys[-1]] = value

    change.__name__ = f"{file} {'.'.join(map(str, keys))}={value!r}"
    return change


def drop(file: str, *keys: str | int) -> Callable[[Documents], None]:
    """Return a change that removes one value from one file."""

    def change(documents: Documents) -> None:
        node: Any = documents[file]
        for key in keys[:-1]:
            node = node[key]
        del node[keys[-1]]

    change.__name__ = f"{file} without {'.'.join(map(str, keys))}"
    return change


def claim(index: int, key: str, value: object) -> Callable[[Documents], None]:
    return put("claims.json", "claims", index, key, value=value)


BROKEN = [
    # type.json
    (drop("type.json", "names", "ja"), "type.json", "names.ja", "a text", "nothing"),
    (put("type.json", "names", "ja", value=" "), "type.json", "names.ja", "a text", "empty"),
    (put("type.json", "names", "xx", value="?"), "type.json", "names.xx", "only ko, en, ja", "key"),
    (drop("type.json", "descriptions"), "type.json", "descriptions", "an object", "nothing"),
    (put("type.json", "colour", value="red"), "type.json", "colour", "only id, version", "key"),
    (put("type.json", "id", value="Permit"), "type.json", "id", "snake_case", "'Permit'"),
    (put("type.json", "id", value="other"), "type.json", "id", "'permit'", "'other'"),
    (put("type.json", "version", value="3"), "type.json", "version", "whole number", "'3'"),
    (put("type.json", "version", value=True), "type.json", "version", "whole number", "boolean"),
    (put("type.json", "version", value=1.5), "type.json", "version", "whole number", "fraction"),
    (put("type.json", "version", value=0), "type.json", "version", "from 1 to", "0"),
    (put("type.json", "validity_days", value=4000), "type.json", "validity_days", "3660", "4000"),
    (
        put("type.json", "requires_digital_id", value="no"),
        "type.json",
        "requires_digital_id",
        "true or false",
        "'no'",
    ),
    (
        put("type.json", "formats", value=["vc+sd-jwt"]),
        "type.json",
        "formats[0]",
        "dc+sd-jwt",
        "vc",
    ),
    (
        put("type.json", "formats", value=["dc+sd-jwt", "dc+sd-jwt"]),
        "type.json",
        "formats[1]",
        "each once",
        "dc+sd-jwt",
    ),
    (put("type.json", "formats", value=[]), "type.json", "formats", "at least one", "empty array"),
    (
        put("type.json", "attested_by", value="ministry"),
        "type.json",
        "attested_by",
        "one of municipality",
        "'ministry'",
    ),
    (
        put("type.json", "issuing_authority", "kind", value="city"),
        "type.json",
        "issuing_authority.kind",
        "one of municipality, ministry",
        "'city'",
    ),
    (
        drop("type.json", "issuing_authority", "names", "ko"),
        "type.json",
        "issuing_authority.names.ko",
        "a text",
        "nothing",
    ),
    (put("type.json", "source", "basis", value="X"), "type.json", "source.basis", "P, B", "'X'"),
    # claims.json
    (put("claims.json", "claims", value=[]), "claims.json", "claims", "at least one", "empty"),
    (put("claims.json", "claims", 2, value=7), "claims.json", "claims[2]", "an object", "integer"),
    (claim(2, "path", ["Nam e"]), "claims.json", "claims[2].path[0]", "letters", "'Nam e'"),
    (claim(2, "path", ["exp"]), "claims.json", "claims[2].path[0]", "issuer", "'exp'"),
    (claim(2, "path", ["_sd"]), "claims.json", "claims[2].path[0]", "letters", "'_sd'"),
    (claim(2, "path", [None]), "claims.json", "claims[2].path[0]", "letters", "null"),
    (claim(2, "path", ["a"] * 7), "claims.json", "claims[2].path", "at most 6", "7"),
    (claim(3, "path", ["name"]), "claims.json", "claims[3].path", "no other", "name"),
    (
        claim(3, "path", ["name", "first"]),
        "claims.json",
        "claims[3].path",
        "an earlier claim name of value_type object",
        "string",
    ),
    (
        drop("claims.json", "claims", 6),
        "claims.json",
        "claims[6].path",
        "earlier claim over",
        "none",
    ),
    (drop("claims.json", "claims", 9), "claims.json", "claims[9].path", "claim sites", "none"),
    (claim(2, "source", "person"), "claims.json", "claims[2].source", "<group>", "'person'"),
    (
        claim(2, "source", "person.names[]"),
        "claims.json",
        "claims[2].source",
        "as many [] as the path has null: 0",
        "1",
    ),
    (claim(6, "source", "person.over"), "claims.json", "claims[6].source", "none", "a source"),
    (claim(6, "sd", "always"), "claims.json", "claims[6].sd", "never", "'always'"),
    (claim(2, "value_type", "text"), "claims.json", "claims[2].value_type", "string", "'text'"),
    (claim(2, "sd", "maybe"), "claims.json", "claims[2].sd", "always, allowed", "'maybe'"),
    (claim(2, "mandatory", 1), "claims.json", "claims[2].mandatory", "true or false", "1"),
    (
        drop("claims.json", "claims", 2, "display", "en"),
        "claims.json",
        "claims[2].display.en",
        "text",
        "no",
    ),
    (claim(2, "label", "x"), "claims.json", "claims[2].label", "only path, source", "a key"),
    (
        drop("claims.json", "claims", 4, "values"),
        "claims.json",
        "claims[4].values",
        "object",
        "noth",
    ),
    (claim(4, "values", {}), "claims.json", "claims[4].values", "at least one code", "empty"),
    (
        drop("claims.json", "claims", 4, "values", "no", "ja"),
        "claims.json",
        "claims[4].values.no.ja",
        "a text",
        "nothing",
    ),
    (claim(2, "values", {}), "claims.json", "claims[2].values", "none for a string", "object"),
    (
        claim(10, "mandatory", value=False),
        "claims.json",
        "claims[9].path",
        "mandatory",
        "sites.*.town",
    ),
    (
        claim(1, "sd", "always"),
        "claims.json",
        "claims, path attested_by",
        "sd never",
        "another",
    ),
    (
        drop("claims.json", "claims", 1),
        "claims.json",
        "claims, path attested_by",
        "sd never",
        "noth",
    ),
    (
        claim(0, "source", "attester.name"),
        "claims.json",
        "claims, path issuing_authority",
        "type.issuing_authority",
        "another form",
    ),
    # example.json
    (drop("example.json", "payload"), "example.json", "payload", "an object", "nothing"),
    (
        drop("example.json", "record", "permit", "fee_krw"),
        "example.json",
        "record.permit.fee_krw",
        "a whole number",
        "nothing",
    ),
    (
        put("example.json", "record", "permit", "since", value="28.2.2025"),
        "example.json",
        "record.permit.since",
        "YYYY-MM-DD",
        "a string",
    ),
    (
        put("example.json", "payload", "fee_krw", value=9),
        "example.json",
        "payload.fee_krw",
        "12000 as the record gives",
        "9",
    ),
    (
        put("example.json", "payload", "over", "18", value=1),
        "example.json",
        "payload.over.18",
        "as the record gives",
        "1",
    ),
    (drop("example.json", "payload", "name"), "example.json", "payload.name", "the record", "noth"),
    (put("example.json", "payload", "x", value=1), "example.json", "payload.x", "nothing", "value"),
    (
        put("example.json", "payload", "sites", 1, "town", value="다리"),
        "example.json",
        "payload.sites[1].town",
        "'나루' as the record gives",
        "'다리'",
    ),
    (
        put("example.json", "payload", "tags", value=["a"]),
        "example.json",
        "payload.tags",
        "an array as the record gives",
        "an array",
    ),
]


@pytest.mark.parametrize(
    ("change", "file", "key", "expected", "found"), BROKEN, ids=[row[0].__name__ for row in BROKEN]
)
def test_a_broken_folder_is_named(
    permit: Documents,
    encode: Encode,
    change: Callable[[Documents], None],
    file: str,
    key: str,
    expected: str,
    found: str,
) -> None:
    change(permit)
    with pytest.raises(CatalogError) as caught:
        parse_type(encode(permit), "permit")
    error = caught.value
    assert (error.file, error.key) == (f"permit/{file}", key)
    assert expected in error.expected
    assert found in error.found
    assert str(error) == f"{error.file}: {key}: expected {error.expected}, found {error.found}"


@pytest.mark.parametrize("file", ["type.json", "claims.json", "example.json"])
def test_a_missing_file_is_named(permit: Documents, encode: Encode, file: str) -> None:
    files = encode(permit)
    del files[file]
    with pytest.raises(CatalogError, match=rf"permit/{file}: expected the file, found nothing"):
        parse_type(files, "permit")


def test_a_file_that_nobody_reads_is_named(permit: Documents, encode: Encode) -> None:
    files = {**encode(permit), "exmaple.json": b"{}"}
    with pytest.raises(CatalogError, match=r"permit/exmaple.json: expected only type.json, claims"):
        parse_type(files, "permit")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"{", "not JSON"),
        (b'{"id": "a", "id": "b"}', "twice"),
        (b'{"version": NaN}', "NaN"),
        (b"[]", "an array"),
        (b'{"id": "' + b"x" * 200_000 + b'"}', "at most 200000"),
    ],
)
def test_a_file_that_is_no_strict_json_object_is_named(
    permit: Documents, encode: Encode, data: bytes, found: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        parse_type({**encode(permit), "type.json": data}, "permit")
    assert caught.value.file == "permit/type.json"
    assert found in caught.value.found


def test_an_object_that_must_be_there_has_a_member_that_must_be_there(
    permit: Documents, encode: Encode
) -> None:
    for index in (7, 8):
        claims(permit)[index]["mandatory"] = False
    expected = r"claims.json: claims\[6\].path: expected a mandatory claim below over, found none"
    with pytest.raises(CatalogError, match=expected):
        parse_type(encode(permit), "permit")


def test_an_array_has_elements_that_are_described(permit: Documents, encode: Encode) -> None:
    del claims(permit)[10:12]
    with pytest.raises(CatalogError, match=r"claims\[9\].path: expected claims below sites"):
        parse_type(encode(permit), "permit")


def test_too_many_claims_are_refused(permit: Documents, encode: Encode) -> None:
    more = [{**claims(permit)[2], "path": [f"name{n}"]} for n in range(200)]
    permit["claims.json"]["claims"] += more
    with pytest.raises(CatalogError, match="at most 200 claims"):
        parse_type(encode(permit), "permit")

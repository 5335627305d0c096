"""Statements of members of a federation: which are none, and whom their constraints admit."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.software import generate_p256
from madang.core.protocol.openid.entity_statement import (
    MAX_BYTES,
    MAX_SKEW,
    TYPE,
    Constraints,
    is_entity,
    read_statement,
)
from madang.core.protocol.openid.errors import OpenIdError
from tests.unit.madang.core.protocol.openid.realm import (
    ANCHOR,
    ISSUER,
    MIDDLE,
    NOW,
    Realm,
    jwks,
    realm_of,
)


@pytest.fixture
def realm() -> Realm:
    return realm_of()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iss": ...}, "statement_form"),
        ({"iss": "http://anchor.example"}, "statement_form"),
        ({"sub": "https://mapo.example?x=1"}, "statement_form"),
        ({"iat": ...}, "statement_form"),
        ({"iat": NOW + MAX_SKEW + 1}, "statement_time"),
        ({"exp": ...}, "statement_form"),
        ({"exp": NOW}, "statement_time"),
        ({"jwks": ...}, "jwks"),
        ({"jwks": {"keys": {}}}, "jwks"),
        ({"crit": ["x"]}, "statement_critical"),
        ({"crit": []}, "statement_critical"),
        ({"metadata_policy_crit": ["regexp"]}, "statement_critical"),
        ({"metadata_policy_crit": ["value"]}, "statement_critical"),
        ({"metadata_policy_crit": []}, "statement_critical"),
        ({"authority_hints": ["https://a.example"]}, "statement_form"),
        ({"trust_marks": []}, "statement_form"),
        ({"metadata": []}, "statement_form"),
        ({"metadata": {"openid_credential_issuer": []}}, "statement_form"),
        ({"metadata": {"openid_credential_issuer": {"x": None}}}, "statement_form"),
        ({"metadata_policy": None}, "metadata_policy"),
        ({"metadata_policy": {"x": []}}, "metadata_policy"),
        ({"metadata_policy": {"x": {"y": {"one_of": "z"}}}}, "metadata_policy"),
        ({"constraints": []}, "statement_form"),
        ({"constraints": {"max_path_length": -1}}, "statement_form"),
        ({"constraints": {"max_path_length": True}}, "statement_form"),
        ({"constraints": {"max_path_length": None}}, "statement_form"),
        ({"constraints": {"naming_constraints": []}}, "statement_form"),
        ({"constraints": {"naming_constraints": {"permitted": "x"}}}, "statement_form"),
        *(
            ({"constraints": {"naming_constraints": {"excluded": [name]}}}, "statement_form")
            for name in (
                "",
                ".",
                "a..example",
                "a.example.",
                "*.a.example",
                "https://a.example",
                "a.example:443",
                "a.example/x",
                "a.example\n",
                "\u0661.\u0435xample",
                "192.0.2.1",
            )
        ),
        ({"constraints": {"allowed_entity_types": [1]}}, "statement_form"),
        ({"constraints": {"allowed_entity_types": ["federation_entity"]}}, "statement_form"),
        ({"constraints": {"allowed_entity_types": ["x"] * 65}}, "statement_form"),
        ({"header": {"typ": "JWT"}}, "statement_form"),
        ({"header": {"kid": ""}}, "statement_form"),
        ({"header": {"kid": 1}}, "statement_form"),
    ],
)
def test_a_statement_of_another_form_is_refused(
    realm: Realm, changes: Mapping[str, Any], expected: str
) -> None:
    with pytest.raises(OpenIdError) as refused:
        read_statement(realm.statement(MIDDLE, ISSUER, **changes), now=NOW)
    assert refused.value.code == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"authority_hints": []},
        {"authority_hints": ["anchor"]},
        {"authority_hints": "https://a.example"},
        {"constraints": {}},
        {"metadata_policy": {}},
        {"source_endpoint": "https://a.example"},
        {"metadata": {"federation_entity": {"federation_fetch_endpoint": "http://a.example"}}},
        {"metadata": {"federation_entity": {"federation_fetch_endpoint": 1}}},
    ],
)
def test_a_configuration_of_another_form_is_refused(
    realm: Realm, changes: Mapping[str, Any]
) -> None:
    with pytest.raises(OpenIdError) as refused:
        read_statement(realm.configuration(ISSUER, **changes), now=NOW)
    assert refused.value.code == "statement_form"


def test_two_keys_of_one_name_are_refused(realm: Realm) -> None:
    twice = jwks(generate_p256("a"), generate_p256("a"))
    with pytest.raises(OpenIdError, match="one kid"):
        read_statement(realm.statement(MIDDLE, ISSUER, jwks=twice), now=NOW)


def test_no_signature_and_no_secret_counts(realm: Realm) -> None:
    for alg in ("none", "HS256"):
        header = strict_json.dumps({"typ": TYPE, "alg": alg, "kid": ANCHOR}).encode()
        parts = realm.statement(ANCHOR, MIDDLE).split(".")
        forged = ".".join([jws.base64url.encode(header), parts[1], parts[2]])
        with pytest.raises(OpenIdError, match=TYPE.replace("+", ".")):
            read_statement(forged, now=NOW)


def test_what_may_come_later_is_passed_over(realm: Realm) -> None:
    more = {"metadata_policy": {"x": {}}, "constraints": {"later": 1}, "jti": "x"}
    assert read_statement(realm.statement(MIDDLE, ISSUER, **more), now=NOW).subject == ISSUER


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_a_statement_or_the_one_error(data: bytes | str) -> None:
    with suppress(OpenIdError):
        read_statement(data, now=NOW)


@pytest.mark.parametrize("text", ["https://a.example", "https://a.example:8443/x/"])
def test_what_may_be_an_entity(text: str) -> None:
    assert is_entity(text)


@pytest.mark.parametrize(
    ("entity", "permitted", "excluded", "expected"),
    [
        ("https://a.example", None, (), True),
        ("https://a.example", ("a.example",), (), True),
        ("https://A.example", ("a.Example",), (), True),
        ("https://x.a.example", ("a.example",), (), False),
        ("https://x.a.example", (".a.example",), (), True),
        ("https://y.x.a.example", (".a.example",), (), True),
        ("https://a.example", (".a.example",), (), False),
        ("https://xa.example", (".a.example",), (), False),
        ("https://x.a.example", (".a.example",), ("x.a.example",), False),
        ("https://a.example", (), (), False),
        ("https://a.example.", None, ("a.example",), False),
        ("https://x.a.example./y", None, (".a.example",), False),
        ("https://a.example/.b.example", (".b.example",), (), False),
        ("https://192.0.2.1", None, (), True),
        ("https://192.0.2.1", None, ("a.example",), False),
        ("https://[2001:db8::1]", None, (".example",), False),
        ("https://192.0.2.1", ("192.0.2.1",), (), False),
    ],
)
def test_names_are_constrained_as_in_certificates(
    entity: str, permitted: tuple[str, ...] | None, excluded: tuple[str, ...], *, expected: bool
) -> None:
    assert Constraints(permitted=permitted, excluded=excluded).admits(entity) is expected


def test_a_long_statement_is_not_read(realm: Realm) -> None:
    with pytest.raises(OpenIdError) as refused:
        read_statement("x" * (MAX_BYTES + 1), now=NOW)
    assert refused.value.code == "statement_form"

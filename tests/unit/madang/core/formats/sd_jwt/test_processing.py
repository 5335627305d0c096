"""What RFC 9901 section 7.1 refuses, each rule broken on purpose."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.formats.sd_jwt import verify
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue
from madang.core.formats.sd_jwt.model import Path, digest_of, parse, parse_disclosure
from madang.core.formats.sd_jwt.present import select
from madang.core.keys.software import generate_p256

SIGNER = generate_p256("issuer")


def disclosure(*parts: object) -> str:
    return base64url.encode(json.dumps(parts).encode())


def digest(encoded: str) -> str:
    return base64url.encode(hashlib.sha256(encoded.encode()).digest())


def token(payload: dict[str, Any], *disclosures: str) -> str:
    signed = jws.sign(strict_json.dumps(payload).encode(), {}, SIGNER)
    return "~".join([signed, *disclosures, ""])


NAME = disclosure("salt", "name", "value")
ELEMENT = disclosure("salt", "value")


def test_a_disclosed_member_and_element_take_their_places() -> None:
    payload = {"_sd": [digest(NAME)], "list": [1, {"...": digest(ELEMENT)}, {"...": "other"}]}
    found = verify.process(parse(token(payload, NAME, ELEMENT)))
    assert found == {"name": "value", "list": [1, "value"]}


@pytest.mark.parametrize(
    ("encoded", "name", "value", "expected"),
    [
        (
            "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
            "family_name",
            "Möbius",
            "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
        ),
        (
            "WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0",
            None,
            "FR",
            "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs",
        ),
    ],
    ids=["4.2.3", "4.2.4.2"],
)
def test_digests_are_those_printed_in_the_specification(
    encoded: str, name: str | None, value: str, expected: str
) -> None:
    found = parse_disclosure(encoded)
    assert (found.name, found.value, digest_of(found.encoded, "sha-256")) == (name, value, expected)


def test_what_is_not_disclosed_leaves_no_trace() -> None:
    payload = {"_sd": [digest(NAME)], "list": [{"...": digest(ELEMENT)}], "_sd_alg": "sha-256"}
    assert verify.process(parse(token(payload))) == {"list": []}


@pytest.mark.parametrize(
    ("payload", "disclosures", "code"),
    [
        ({}, [NAME], "unreferenced_disclosure"),
        ({"_sd": [digest(NAME)]}, [NAME, NAME], "disclosure_twice"),
        ({"_sd": [digest(NAME), digest(NAME)]}, [NAME], "digest_twice"),
        ({"_sd": ["x", "x"]}, [], "digest_twice"),
        ({"_sd": [digest(NAME)], "a": {"_sd": [digest(NAME)]}}, [NAME], "digest_twice"),
        ({"_sd": [digest(ELEMENT)]}, [ELEMENT], "wrong_disclosure"),
        ({"a": [{"...": digest(NAME)}]}, [NAME], "wrong_disclosure"),
        ({"_sd": [digest(NAME)], "name": 1}, [NAME], "name_twice"),
        ({"_sd": "x"}, [], "malformed_digests"),
        ({"_sd": [1]}, [], "malformed_digests"),
        ({"a": [{"...": 1}]}, [], "malformed_digests"),
        ({"...": "x"}, [], "misplaced_digest"),
        ({"a": [{"...": "x", "b": 1}]}, [], "misplaced_digest"),
        ({"_sd_alg": "md5"}, [], "unknown_sd_alg"),
        ({"_sd_alg": "sha-1"}, [], "unknown_sd_alg"),
        ({"_sd_alg": 1}, [], "unknown_sd_alg"),
    ],
)
def test_a_broken_rule_is_refused(
    payload: dict[str, Any], disclosures: list[str], code: str
) -> None:
    with pytest.raises(SdJwtError) as refused:
        verify.process(parse(token(payload, *disclosures)))
    assert refused.value.code == code
    assert refused.value.clause.startswith("RFC 9901")


@pytest.mark.parametrize(
    "encoded",
    [
        "!",
        base64url.encode(b"{}"),
        disclosure("salt"),
        disclosure("salt", "name", "value", "more"),
        disclosure(1, "name", "value"),
        disclosure("salt", 1, "value"),
        disclosure("salt", "_sd", []),
        disclosure("salt", "...", "x"),
        base64url.encode(b'["salt","name",{"a":1,"a":2}]'),
    ],
)
def test_a_malformed_disclosure_is_refused(encoded: str) -> None:
    with pytest.raises(SdJwtError, match="disclosure"):
        parse(token({}, encoded))


def test_sizes_depth_and_numbers_are_bounded() -> None:
    with pytest.raises(SdJwtError, match="at most 10 "):
        parse(token({}), max_bytes=10)
    with pytest.raises(SdJwtError) as many:
        parse(token({}, NAME, ELEMENT), max_disclosures=1)
    assert many.value.code == "too_many_disclosures"
    deep: Any = "end"
    for _ in range(20):
        deep = {"a": deep}
    with pytest.raises(SdJwtError) as nested:
        verify.process(parse(token(deep)), max_depth=16)
    assert nested.value.code == "too_deep"


def test_a_text_without_tilde_or_with_a_broken_jwt_is_refused() -> None:
    for text in ("", "a.b.c", "a.b~", "e30.W10.AA~"):
        with pytest.raises(SdJwtError):
            _ = parse(text).payload


@given(st.text())
def test_parsing_raises_only_its_own_error(text: str) -> None:
    with suppress(SdJwtError):
        verify.process(parse(text))


PIECES = st.recursive(
    st.none() | st.integers() | st.sampled_from(["other", digest(NAME), digest(ELEMENT)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["_sd", "...", "_sd_alg", "name"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["_sd", "...", "_sd_alg", "name"]), PIECES, max_size=4))
def test_arbitrary_digests_raise_only_the_own_error(payload: dict[str, Any]) -> None:
    with suppress(SdJwtError):
        found = json.dumps(verify.process(parse(token(payload, NAME, ELEMENT))))
        assert '"_sd"' not in found
        assert '"..."' not in found


@given(st.lists(st.text(alphabet="abAB01-_", max_size=12), max_size=5))
def test_arbitrary_disclosures_raise_only_the_own_error(parts: list[str]) -> None:
    with suppress(SdJwtError):
        verify.process(parse(token({"_sd": ["x"]}, *parts)))


def test_an_index_means_the_array_as_it_is_seen() -> None:
    first, second = disclosure("s1", "first"), disclosure("s2", "second")
    array = [{"...": "decoy"}, {"...": digest(first)}, {"...": digest(second)}]
    sd_jwt = parse(token({"a": array}, first, second))
    assert verify.process(sd_jwt) == {"a": ["first", "second"]}
    for index, name in enumerate(["first", "second"]):
        assert verify.process(parse(select(sd_jwt, [("a", index)]))) == {"a": [name]}
    assert select(sd_jwt, [("a", 2)]).count("~") == 1
    assert select(sd_jwt, [("a", None)]) == select(sd_jwt, [("a",)])


def test_the_way_to_a_value_is_shown_and_nothing_beside_it() -> None:
    claims = {"a": {"b": {"c": 1, "d": 2}, "e": 3}, "f": 4}
    sd = [("a",), ("a", "b"), ("a", "b", "c"), ("a", "b", "d"), ("a", "e"), ("f",)]
    salts = (f"salt-{number}" for number in range(9))
    issued = issue(claims, SdFrame.of(sd), signer=SIGNER, header={}, salts=salts)
    shown = parse(select(parse(issued.compact), [("a", "b", "c")]))
    assert verify.process(shown) == {"a": {"b": {"c": 1}}}
    assert [d.name for d in shown.disclosures] == ["c", "b", "a"]
    assert verify.process(parse(select(parse(issued.compact), [("x",)]))) == {}


def test_nesting_through_disclosures_is_bounded_too() -> None:
    chain, inner = [], disclosure("s", "end", 1)
    for depth in range(20):
        chain.append(inner)
        inner = disclosure("s", f"n{depth}", {"_sd": [digest(inner)]})
    with pytest.raises(SdJwtError) as nested:
        verify.process(parse(token({"_sd": [digest(inner)]}, *chain, inner)))
    assert nested.value.code == "too_deep"


NAMES = st.text(alphabet="abcdef", min_size=1, max_size=3)
CLAIMS = st.dictionaries(
    NAMES,
    st.recursive(
        st.integers(-5, 5) | st.booleans() | st.none() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    members = value.items() if isinstance(value, dict) else ()
    elements = enumerate(value) if isinstance(value, list) else ()
    for step, inner in [*members, *elements]:
        yield (*path, step)
        yield from places(inner, (*path, step))


def only(value: Any, keep: set[Path], sd: set[Path], path: Path = ()) -> Any:
    """Build what a verifier may see, straight from the meaning: no code of the format in it."""
    if isinstance(value, dict):
        return {
            name: only(inner, keep, sd, (*path, name))
            for name, inner in value.items()
            if (*path, name) not in sd or _wanted((*path, name), keep)
        }
    if isinstance(value, list):
        return [
            only(inner, keep, sd, (*path, index))
            for index, inner in enumerate(value)
            if (*path, index) not in sd or _wanted((*path, index), keep)
        ]
    return value


def _wanted(place: Path, keep: set[Path]) -> bool:
    return any(place[: len(k)] == k or k[: len(place)] == place for k in keep)


@given(CLAIMS, st.data())
def test_exactly_the_asked_paths_and_their_parents_are_seen(
    claims: dict[str, Any], data: st.DataObject
) -> None:
    every = sorted(places(claims), key=str)
    sd = set(data.draw(st.lists(st.sampled_from(every), unique=True))) if every else set()
    keep = set(data.draw(st.lists(st.sampled_from(every), unique=True))) if every else set()
    salts = (f"salt-{number}" for number in count())
    issued = issue(claims, SdFrame.of(sd), signer=SIGNER, header={}, salts=salts)
    assert verify.process(parse(issued.compact)) == claims
    seen = verify.process(parse(select(parse(issued.compact), keep)))
    assert seen == only(claims, keep, sd)

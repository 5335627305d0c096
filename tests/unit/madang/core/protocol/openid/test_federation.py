"""Trust chains of a federation: which hold, which do not, and how they are looked for."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.software import generate_p256
from madang.core.protocol.openid import federation
from madang.core.protocol.openid.entity_statement import (
    MAX_BYTES,
    MAX_SKEW,
    TYPE,
    Constraints,
    EntityStatement,
    is_entity,
    read_statement,
)
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.federation import (
    MAX_FETCHES,
    MAX_STATEMENTS,
    NO_PATH,
    Federation,
    TrustPath,
    check_chain,
    configuration_at,
    parse_anchors,
    resolve,
)
from tests.unit.madang.core.protocol.openid.realm import (
    ANCHOR,
    ISSUER,
    MIDDLE,
    NOW,
    Realm,
    jwks,
    realm_of,
)

LINE = frozenset({ISSUER, MIDDLE, ANCHOR})


@pytest.fixture
def realm() -> Realm:
    return realm_of()


def checked(realm: Realm, chain: list[str], subject: str = ISSUER) -> TrustPath:
    return check_chain(chain, subject, realm.anchors(), now=NOW)


def code(realm: Realm, chain: list[str], subject: str = ISSUER) -> str:
    with pytest.raises(OpenIdError) as refused:
        checked(realm, chain, subject)
    return refused.value.code


# --- statements


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
        ({"authority_hints": ["https://a.example"]}, "statement_form"),
        ({"trust_marks": []}, "statement_form"),
        ({"metadata": []}, "statement_form"),
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


# --- chains


@pytest.mark.parametrize("whole", [False, True])
def test_a_chain_leads_to_an_anchor(realm: Realm, *, whole: bool) -> None:
    path = checked(realm, realm.chain(ISSUER, MIDDLE, ANCHOR, whole=whole))
    assert path == TrustPath(LINE, NOW + 1000)
    assert checked(realm, realm.chain(ISSUER, ANCHOR)).entities == {ISSUER, ANCHOR}
    assert checked(realm, [realm.configuration(ANCHOR)], ANCHOR).entities == {ANCHOR}


def test_a_chain_is_over_with_its_first_statement(realm: Realm) -> None:
    first, second, third = realm.chain(ISSUER, MIDDLE, ANCHOR)
    short = realm.statement(MIDDLE, ISSUER, exp=NOW + 5)
    assert checked(realm, [first, short, third]).expires_at == NOW + 5
    assert second != short


def test_a_chain_of_another_shape_is_refused(realm: Realm) -> None:
    first, second, third = realm.chain(ISSUER, MIDDLE, ANCHOR)
    top = realm.configuration(ANCHOR)
    shapes = [
        [],
        [second, third],
        [first, third],
        [first, third, second],
        [first, second, realm.configuration(MIDDLE, ANCHOR), third],
        [first, second, third, top, top],
        [realm.configuration(ISSUER), second, third],
        [realm.configuration(ISSUER, ANCHOR), second, third],
        [first] * (MAX_STATEMENTS + 1),
    ]
    assert [code(realm, shape) for shape in shapes] == ["chain_form"] * len(shapes)
    assert code(realm, [first, second, third], MIDDLE) == "chain_form"


def test_a_chain_ends_at_an_anchor(realm: Realm) -> None:
    first, second, _ = realm.chain(ISSUER, MIDDLE, ANCHOR)
    other = realm.statement("https://else.example", MIDDLE)
    for chain in ([first], [first, second], [first, second, other]):
        assert code(realm, chain) == "chain_anchor"


def test_every_signature_of_a_chain_counts(realm: Realm) -> None:
    chain = realm.chain(ISSUER, MIDDLE, ANCHOR, whole=True)
    impostor = {each: generate_p256(each) for each in LINE}
    pairs = [(ISSUER, ISSUER), (MIDDLE, ISSUER), (ANCHOR, MIDDLE), (ANCHOR, ANCHOR)]
    for at, (issuer, subject) in enumerate(pairs):
        hints = {"authority_hints": [MIDDLE]} if at == 0 else {}
        forged = realm.statement(issuer, subject, signer=impostor[issuer], **hints)
        assert code(realm, [*chain[:at], forged, *chain[at + 1 :]]) == "statement_signature"
    # An anchor that shows other keys than those that somebody was told.
    fake = Realm(keys={**realm.keys, ANCHOR: impostor[ANCHOR]})
    assert code(realm, fake.chain(ISSUER, MIDDLE, ANCHOR, whole=True)) == "statement_signature"
    # A subject whose superior knows another key of it.
    other = realm.statement(MIDDLE, ISSUER, jwks=jwks(impostor[ISSUER]))
    assert code(realm, [chain[0], other, *chain[2:]]) == "statement_signature"


@pytest.mark.parametrize(
    ("at", "constraints", "good"),
    [
        (2, {"max_path_length": 1}, True),
        (2, {"max_path_length": 0}, False),
        (1, {"max_path_length": 0}, True),
        (2, {"naming_constraints": {"permitted": ["middle.example", "mapo.example"]}}, True),
        (2, {"naming_constraints": {"permitted": ["middle.example"]}}, False),
        (2, {"naming_constraints": {"excluded": ["mapo.example"]}}, False),
        (1, {"naming_constraints": {"permitted": ["mapo.example"]}}, True),
        (1, {"naming_constraints": {"permitted": [".example"]}}, True),
        (2, {"allowed_entity_types": ["openid_credential_issuer"]}, True),
        (2, {"allowed_entity_types": ["openid_provider"]}, False),
        (2, {"allowed_entity_types": []}, False),
        (2, {"unknown": 1}, True),
    ],
)
def test_superiors_constrain_what_is_below_them(
    realm: Realm, at: int, constraints: Mapping[str, Any], *, good: bool
) -> None:
    chain = realm.chain(ISSUER, MIDDLE, ANCHOR)
    pair = ((), (MIDDLE, ISSUER), (ANCHOR, MIDDLE))[at]
    chain[at] = realm.statement(*pair, constraints=constraints)
    if good:
        assert checked(realm, chain).entities == LINE
    else:
        assert code(realm, chain) == "chain_constraints"


# --- the search


def found(realm: Realm, *anchors: str, subject: str = ISSUER) -> frozenset[str]:
    return realm.answer(resolve(subject, realm.anchors(*anchors), now=NOW)).entities


def test_a_search_goes_from_the_subject_upward(realm: Realm) -> None:
    assert realm.answer(resolve(ISSUER, realm.anchors(), now=NOW)) == TrustPath(LINE, NOW + 1000)
    assert realm.asked == [
        "https://mapo.example/.well-known/openid-federation",
        "https://middle.example/.well-known/openid-federation",
        "https://middle.example/fetch?sub=https%3A%2F%2Fmapo.example",
        "https://anchor.example/.well-known/openid-federation",
        "https://anchor.example/fetch?sub=https%3A%2F%2Fmiddle.example",
    ]


def test_a_configuration_is_below_the_path_of_its_entity() -> None:
    told = configuration_at("https://a.example/city/")
    assert told == "https://a.example/city/.well-known/openid-federation"


def test_every_way_up_is_found() -> None:
    other = "https://other.example"
    realm = Realm()
    realm.publish(ISSUER, MIDDLE, other, "https://nowhere.example")
    realm.publish(MIDDLE, ANCHOR)
    realm.publish(other, ANCHOR)
    realm.publish(ANCHOR)
    assert found(realm) == {*LINE, other}
    assert found(realm, MIDDLE) == {ISSUER, MIDDLE}
    assert found(realm, ISSUER) == {ISSUER}
    assert found(realm, "https://else.example") == frozenset()


def test_nothing_is_fetched_without_an_anchor_or_an_entity(realm: Realm) -> None:
    assert realm.answer(resolve(ISSUER, {}, now=NOW)) == NO_PATH
    for subject in ("CN=leaf", "http://mapo.example", "did:web:mapo.example"):
        assert realm.answer(resolve(subject, realm.anchors(), now=NOW)) == NO_PATH
    assert realm.asked == []


@pytest.mark.parametrize("broken", [b"", b"a.b.c", None])
def test_what_is_not_there_leads_nowhere(broken: bytes | None) -> None:
    for address in realm_of().published:
        realm = realm_of()
        del realm.published[address]
        if broken is not None:
            realm.published[address] = broken
        assert found(realm) == frozenset(), address


def test_what_another_says_leads_nowhere(realm: Realm) -> None:
    realm.tell(MIDDLE, ISSUER, signer=generate_p256(MIDDLE))
    assert found(realm) == frozenset()
    realm.tell(MIDDLE, ISSUER, sub="https://else.example")
    assert found(realm) == frozenset()
    own = realm.configuration(ISSUER, MIDDLE, signer=generate_p256(ISSUER))
    realm.publish(ISSUER, MIDDLE)
    assert found(realm) == LINE
    realm.published[configuration_at(ISSUER)] = own.encode()
    assert found(realm) == frozenset()


def test_a_circle_and_a_crowd_come_to_an_end() -> None:
    circle = Realm()
    circle.publish(ISSUER, MIDDLE)
    circle.publish(MIDDLE, ISSUER)
    assert found(circle) == frozenset()
    crowd = Realm()
    names = [f"https://n{number}.example" for number in range(60)]
    crowd.publish(ISSUER, *names)
    for name in names:
        crowd.publish(name, ISSUER, *names[:3])
    assert found(crowd) == frozenset()
    assert len(crowd.asked) == MAX_FETCHES == len({*crowd.asked})


def test_a_statement_is_read_once_by_however_many_ways_it_is_come_upon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd = [f"https://n{at}.example" for at in range(5)]
    realm = Realm()
    for each in crowd:
        realm.publish(each, *(other for other in crowd if other != each))
    read: list[bytes | str] = []

    def counted(compact: str | bytes, *, now: int) -> EntityStatement:
        read.append(compact)
        return read_statement(compact, now=now)

    monkeypatch.setattr(federation, "read_statement", counted)
    path = realm.answer(resolve(crowd[0], realm.anchors(crowd[-1]), now=NOW))
    assert path.entities == frozenset(crowd)
    assert len(read) == len(realm.asked)


def test_a_chain_that_is_too_long_is_given_up() -> None:
    names = [f"https://n{number}.example" for number in range(MAX_STATEMENTS)]
    assert found(realm_of(*names), names[-1], subject=names[0]) == {*names}
    names.append("https://top.example")
    assert found(realm_of(*names), names[-1], subject=names[0]) == frozenset()


# --- what is known of an issuer


def test_an_issuer_is_below_what_was_found_and_what_came(realm: Realm) -> None:
    chain = realm.chain(ISSUER, MIDDLE, ANCHOR)
    federation = Federation(realm.anchors(), {ISSUER: frozenset({"https://else.example"})})
    assert federation.above(ISSUER, None, now=NOW) == {"https://else.example"}
    assert federation.above(ISSUER, chain, now=NOW) == {"https://else.example", *LINE}
    assert federation.above(MIDDLE, chain, now=NOW) == frozenset()
    assert federation.above(None, chain, now=NOW) == frozenset()
    for bad in ("x", [1], [], chain[:2], {"x": 1}):
        assert federation.above(ISSUER, bad, now=NOW) == {"https://else.example"}
    assert Federation().above(ISSUER, chain, now=NOW) == frozenset()


def test_anchors_are_read_with_their_keys(realm: Realm) -> None:
    data = strict_json.dumps({ANCHOR: jwks(realm.key(ANCHOR))}).encode()
    assert parse_anchors(data) == realm.anchors()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "anchors"),
        (b"[]", "anchors"),
        (b'{"anchor":{"keys":[]}}', "anchors"),
        (b'{"https://a.example":{}}', "jwks"),
        (
            strict_json.dumps({f"https://a{n}.example": {"keys": []} for n in range(65)}).encode(),
            "anchors",
        ),
    ],
    ids=["nothing", "array", "no-address", "no-keys", "many"],
)
def test_other_anchors_are_refused(data: bytes, expected: str) -> None:
    with pytest.raises(OpenIdError) as refused:
        parse_anchors(data)
    assert refused.value.code == expected


def test_a_long_statement_is_not_read(realm: Realm) -> None:
    with pytest.raises(OpenIdError) as refused:
        read_statement("x" * (MAX_BYTES + 1), now=NOW)
    assert refused.value.code == "statement_form"

"""Trust chains of a federation: which hold, which do not, and how they are looked for."""

from collections.abc import Mapping
from typing import Any

import pytest

from madang.core.encoding import strict_json
from madang.core.keys.software import generate_p256
from madang.core.protocol.openid import federation
from madang.core.protocol.openid.entity_statement import EntityStatement, read_statement
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


# --- metadata

OWN = {"credential_issuer": ISSUER, "algorithms": ["a", "b"]}
TYPE_OF_ISSUERS = "openid_credential_issuer"


def told(realm: Realm, middle: Mapping[str, Any], anchor: Mapping[str, Any], **own: Any) -> str:
    """Return the code of a chain by what its superiors say; nothing where it holds."""
    metadata = own or {TYPE_OF_ISSUERS: OWN}
    chain = [
        realm.configuration(ISSUER, MIDDLE, metadata=metadata),
        realm.statement(MIDDLE, ISSUER, **middle),
        realm.statement(ANCHOR, MIDDLE, **anchor),
        realm.configuration(ANCHOR),
    ]
    for whole in (chain, chain[:3]):
        try:
            assert checked(realm, whole).entities == LINE
        except OpenIdError as refused:
            found = refused.code
        else:
            found = ""
    return found


def policy(of: str = TYPE_OF_ISSUERS, **parameters: Any) -> Mapping[str, Any]:
    return {"metadata_policy": {of: parameters}}


def given_by_superior(**parameters: Any) -> Mapping[str, Any]:
    return {"metadata": {TYPE_OF_ISSUERS: parameters}}


@pytest.mark.parametrize(
    ("middle", "anchor", "expected"),
    [
        ({}, policy(algorithms={"superset_of": ["a"]}), ""),
        ({}, policy(algorithms={"superset_of": ["c"]}), "metadata_policy"),
        (policy(algorithms={"superset_of": ["c"]}), {}, "metadata_policy"),
        ({}, policy(display={"essential": True}), "metadata_policy"),
        (policy(display={"default": "x"}), policy(display={"essential": True}), ""),
        # The anchor's is not changed by anybody below it.
        (policy(x={"value": 1}), policy(x={"value": 2}), "metadata_policy"),
        (policy(x={"essential": False}), policy(x={"essential": True}), "metadata_policy"),
        # Also for a type of entity that the issuer is not.
        (policy("y", x={"value": 1}), policy("y", x={"value": 2}), "metadata_policy"),
        (policy("y", x={"essential": True}), {}, ""),
        # What the superior gives comes first; only the one that knows the issuer gives.
        (given_by_superior(x=2), policy(x={"one_of": [2]}), ""),
        (given_by_superior(x=2), policy(x={"one_of": [1]}), "metadata_policy"),
        (
            given_by_superior(algorithms=["c"]),
            policy(algorithms={"superset_of": ["a"]}),
            "metadata_policy",
        ),
        ({}, {**given_by_superior(x=2), **policy(x={"essential": True})}, "metadata_policy"),
        # An operator that nobody has to know.
        (policy(algorithms={"regexp": "^z"}), {}, ""),
    ],
    ids=repr,
)
def test_superiors_decide_about_metadata(
    realm: Realm, middle: Mapping[str, Any], anchor: Mapping[str, Any], expected: str
) -> None:
    assert told(realm, middle, anchor) == expected


def types(*names: str) -> Mapping[str, Any]:
    return {"constraints": {"allowed_entity_types": [*names]}}


@pytest.mark.parametrize(
    ("middle", "anchor", "expected"),
    [
        ({}, types(TYPE_OF_ISSUERS), ""),
        (types("openid_provider", TYPE_OF_ISSUERS), types(TYPE_OF_ISSUERS), ""),
        ({}, types("openid_provider"), "chain_metadata"),
        (types(TYPE_OF_ISSUERS), types("openid_provider"), "chain_metadata"),
        (types("openid_provider"), types(TYPE_OF_ISSUERS), "chain_metadata"),
        ({}, types(), "chain_metadata"),
        # Removed before policies see it, and after the superior gave something.
        (types(), policy(x={"essential": True}), "chain_metadata"),
        ({**types(), **given_by_superior(x=1)}, {}, "chain_metadata"),
    ],
    ids=repr,
)
def test_superiors_decide_who_may_be_an_issuer(
    realm: Realm, middle: Mapping[str, Any], anchor: Mapping[str, Any], expected: str
) -> None:
    assert told(realm, middle, anchor) == expected


def test_another_type_is_removed_before_a_policy_sees_it(realm: Realm) -> None:
    own = {TYPE_OF_ISSUERS: {}, "openid_provider": {}, "federation_entity": {}}
    strict = policy("openid_provider", x={"essential": True})
    assert told(realm, {}, strict, **own) == "metadata_policy"
    assert told(realm, types(TYPE_OF_ISSUERS), strict, **own) == ""
    strict = policy("federation_entity", x={"essential": True})
    assert told(realm, types(TYPE_OF_ISSUERS), strict, **own) == "metadata_policy"


def test_who_does_not_say_to_be_an_issuer_is_none(realm: Realm) -> None:
    """He would keep every policy for issuers by it."""
    strict = policy(x={"essential": True})
    for own in ({"federation_entity": {}}, {"openid_provider": {}}):
        assert told(realm, strict, {}, **own) == "chain_metadata"
        assert told(realm, given_by_superior(x=1), {}, **own) == "chain_metadata"
    assert code(realm, [realm.configuration(ANCHOR, metadata=...)], ANCHOR) == "chain_metadata"


def test_a_search_passes_over_a_chain_that_breaks_a_policy(realm: Realm) -> None:
    strict = policy(x={"essential": True})
    realm.tell(ANCHOR, MIDDLE, **strict)
    assert found(realm) == frozenset()
    other = "https://other.example"
    realm.publish(ISSUER, MIDDLE, other)
    realm.publish(other, ANCHOR)
    assert found(realm) == {ISSUER, other, ANCHOR}


def test_what_an_intermediate_is_does_not_matter(realm: Realm) -> None:
    """A policy is held against the subject of the chain alone."""
    realm.publish(
        MIDDLE,
        ANCHOR,
        metadata={"federation_entity": {"federation_fetch_endpoint": f"{MIDDLE}/fetch"}},
    )
    realm.tell(ANCHOR, MIDDLE, **policy("federation_entity", organization_name={"default": "x"}))
    assert found(realm) == LINE


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

"""What an issuer must not let out: clear text by mistake, false digests, salts used twice."""

import hashlib
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.sd_jwt import verify
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import SALT_BYTES, Issued, issue, issue_copies, salts_from
from madang.core.formats.sd_jwt.model import Path, parse
from madang.core.formats.sd_jwt.present import select
from madang.core.keys.signing import checker_for
from madang.core.keys.software import generate_p256

SIGNER = generate_p256("issuer")


def issued(payload: dict[str, Any], *paths: Path, **options: Any) -> Issued:
    options.setdefault("salts", (f"salt-{number}" for number in range(99)))
    frame = SdFrame.of(paths, options.pop("decoys", {}))
    return issue(payload, frame, signer=SIGNER, header={}, **options)


def refused(payload: dict[str, Any], *paths: Path, **options: Any) -> str:
    with pytest.raises(SdJwtError) as error:
        issued(payload, *paths, **options)
    return error.value.code


@pytest.mark.parametrize("name", ["iss", "exp", "nbf", "cnf", "vct", "vct#integrity", "status"])
def test_claims_of_validity_are_never_disclosable(name: str) -> None:
    assert refused({name: 1}, (name,)) == "claim_must_stay_in_clear"
    assert refused({name: {"part": 1}}, (name, "part")) == "claim_must_stay_in_clear"


def test_the_subject_and_the_time_of_issue_may_be_disclosable() -> None:
    made = issued({"sub": "s", "iat": 1}, ("sub",), ("iat",))
    assert len(made.disclosures) == 2


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": 1},
        {"_sd_alg": 1},
        {"...": 1},
        {"a": {"_sd": ["x"]}},
        {"a": [{"...": "x"}]},
        {"a": [[{"b": {"...": "x"}}]]},
        {"a": {"_sd_alg": "sha-256"}},
        {"a": [{"b": {"_sd_alg": 1}}]},
    ],
)
def test_names_of_digests_are_refused_at_any_depth(payload: dict[str, Any]) -> None:
    assert refused(payload) == "reserved_name"


def test_a_reserved_name_inside_a_disclosable_claim_is_refused() -> None:
    assert refused({"a": {"_sd": ["x"]}}, ("a",)) == "reserved_name"


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"address": "secret"}, ("adress",)),
        ({"a": {"b": 1}}, ("a", "c")),
        ({"a": "text"}, ("a", "b")),
        ({"a": "text"}, ("a", None)),
        ({"a": [1, 2]}, ("a", 2)),
        ({"a": [1, 2]}, ("a", "0")),
        ({"a": {"0": 1}}, ("a", 0)),
        ({"a": 1}, ()),
    ],
)
def test_what_the_frame_misses_does_not_go_out_in_clear(
    payload: dict[str, Any], path: Path
) -> None:
    assert refused(payload, path) == "frame_mismatch"


def test_every_element_of_an_empty_array_is_no_mismatch() -> None:
    assert verify.process(parse(issued({"a": []}, ("a", None)).compact)) == {"a": []}


def test_an_index_goes_before_every_element() -> None:
    frame = SdFrame.of([("a", None)])
    frame.members["a"].members[0] = SdFrame()
    made = issue({"a": [1, 2]}, frame, signer=SIGNER, header={}, salts=iter("s"))
    assert parse(made.compact).payload["a"][0] == 1
    assert len(made.disclosures) == 1


def test_a_disclosure_does_not_show_what_is_disclosable_inside_of_it() -> None:
    made = issued({"a": {"b": "secret", "c": ["secret"]}}, ("a",), ("a", "b"), ("a", "c", 0))
    (outer,) = (d for d in parse(made.compact).disclosures if d.name == "a")
    assert "secret" not in base64url.decode(outer.encoded).decode()
    assert outer.value.keys() == {"_sd", "c"}


def test_what_a_frame_names_and_does_not_make_disclosable_stays_in_clear() -> None:
    made = issued({"a": 1, "b": 2}, ("b",), decoys={("a",): 0})
    assert parse(made.compact).payload["a"] == 1
    assert len(made.disclosures) == 1


def test_salts_that_run_out_or_repeat_are_noticed() -> None:
    assert refused({"a": 1}, ("a",), salts=iter([])) == "no_salt"
    assert refused({"a": 1, "b": 2}, ("a",), ("b",), salts=iter(["s", "s"])) == "salt_twice"
    assert refused({"a": 1}, ("a",), salts=iter(["s", "s"]), decoys={(): 1}) == "salt_twice"


def test_chance_is_cut_into_whole_salts() -> None:
    salts = list(salts_from(bytes(range(2 * SALT_BYTES + 5))))
    assert [len(base64url.decode(salt)) for salt in salts] == [16, 16]
    assert len(set(salts)) == 2


@pytest.mark.parametrize("name", ["md5", "sha-1", "SHA-256", "", "sha-256-128", "sha3-224"])
def test_an_unknown_hash_is_refused(name: str) -> None:
    assert refused({"a": 1}, ("a",), hash_name=name) == "unknown_sd_alg"


@pytest.mark.parametrize(
    ("name", "size"),
    [("sha-384", 64), ("sha-512", 86), ("sha3-256", 43), ("sha3-384", 64), ("sha3-512", 86)],
)
def test_a_longer_hash_is_named_and_used(name: str, size: int) -> None:
    sd_jwt = parse(issued({"a": 1}, ("a",), hash_name=name).compact)
    assert sd_jwt.payload["_sd_alg"] == name
    assert [len(digest) for digest in sd_jwt.payload["_sd"]] == [size]
    assert verify.process(sd_jwt) == {"a": 1}


def test_decoys_look_like_digests_and_change_nothing() -> None:
    sd_jwt = parse(issued({"a": 1}, ("a",), decoys={(): 3}).compact)
    assert len(sd_jwt.payload["_sd"]) == 4
    assert len({len(digest) for digest in sd_jwt.payload["_sd"]}) == 1
    assert verify.process(sd_jwt) == {"a": 1}


def test_digests_stand_in_an_order_that_tells_nothing() -> None:
    payload = parse(issued(dict.fromkeys("abcdef", 1), *((n,) for n in "abcdef")).compact).payload
    assert payload["_sd"] == sorted(payload["_sd"])


def test_a_payload_without_disclosures_names_no_hash() -> None:
    made = issued({"a": 1})
    assert made.compact.count("~") == 1
    assert parse(made.compact).payload == {"a": 1}


def test_the_digest_covers_the_issuers_part_alone() -> None:
    made = issued({"a": 1, "b": 2}, ("a",))
    first = made.compact.split("~")[0]
    assert made.issuer_digest == hashlib.sha256(first.encode()).digest()
    assert parse(f"{first}~").issuer_digest == made.issuer_digest


def test_disclosures_are_the_compact_json_of_the_specification() -> None:
    made = issued({"a": {"b": [True, None, 1.5]}, "c": ["김"]}, ("a",), ("c", 0), salts=iter("xy"))
    texts = [base64url.decode(encoded).decode() for encoded in made.disclosures]
    assert texts == ['["x","김"]', '["y","a",{"b":[true,null,1.5]}]']


def copies(own: list[dict[str, Any]], *paths: Path, **options: Any) -> tuple[Issued, ...]:
    options.setdefault("salts", (f"salt-{number}" for number in range(99)))
    payload = options.pop("payload", {"iss": "i", "a": 1, "b": {"c": 2}})
    frame = SdFrame.of(paths, options.pop("decoys", {}))
    return issue_copies(payload, frame, own, signer=SIGNER, header={}, **options)


def test_each_copy_has_its_own_claims_and_all_of_the_common_ones() -> None:
    made = copies([{"cnf": 1}, {"cnf": 2}], ("a",), ("b", "c"))
    for number, copy in enumerate(made, 1):
        sd_jwt = parse(copy.compact)
        assert jws.verify(sd_jwt.issuer_jws, checker_for(SIGNER.public_key))
        assert sd_jwt.payload["cnf"] == number
        assert verify.process(sd_jwt) == {"iss": "i", "cnf": number, "a": 1, "b": {"c": 2}}
        assert hashlib.sha256(copy.compact.split("~")[0].encode()).digest() == copy.issuer_digest


def test_copies_share_no_salt_and_no_digest() -> None:
    first, second = (parse(copy.compact) for copy in copies([{"n": 1}, {"n": 2}], ("a",)))
    assert {d.salt for d in first.disclosures}.isdisjoint(d.salt for d in second.disclosures)
    assert set(first.payload["_sd"]).isdisjoint(second.payload["_sd"])


def copies_refused(own: list[dict[str, Any]], *paths: Path, **options: Any) -> str:
    with pytest.raises(SdJwtError) as error:
        copies(own, *paths, **options)
    return error.value.code


def test_a_salt_is_not_used_for_two_copies() -> None:
    own = [{"n": 1}, {"n": 2}]
    assert copies_refused(own, ("a",), salts=iter("ss")) == "salt_twice"
    assert copies_refused(own, ("a",), salts=iter("s")) == "no_salt"


def test_copies_that_share_a_claim_of_their_own_are_refused() -> None:
    shared = {"status": {"idx": 1}}
    assert copies_refused([{"cnf": 1, **shared}, {"cnf": 2, **shared}]) == "copies_linked"
    assert copies_refused([{"cnf": 1}, {"cnf": 1}]) == "copies_linked"
    assert len(copies([{"cnf": 1}, {"status": 1}])) == 2


@pytest.mark.parametrize("name", ["iss", "a"])
def test_a_claim_of_a_copy_is_not_in_the_payload_too(name: str) -> None:
    assert copies_refused([{name: 1}], ("a",)) == "claim_twice"


@pytest.mark.parametrize(
    "own", [{"_sd": []}, {"...": 1}, {"n": [{"a": {"_sd": 1}}]}, {"_sd_alg": 1}]
)
def test_a_claim_of_a_copy_does_not_pose_as_digests(own: dict[str, Any]) -> None:
    assert copies_refused([own]) == "reserved_name"


def test_a_reserved_name_as_a_value_is_harmless() -> None:
    claims = {"a": ["_sd", "...", {"b": "_sd_alg"}], "c": "..."}
    assert verify.process(parse(issued(claims, ("c",)).compact)) == claims


def test_a_reserved_name_in_the_frame_is_refused() -> None:
    assert refused({"a": {"_sd": 1}}, ("a", "_sd")) == "reserved_name"


def test_no_copies_are_none() -> None:
    assert copies([]) == ()


def test_decoys_stand_in_nested_objects_and_in_disclosures() -> None:
    claims = {"a": {"b": 1}, "c": {"d": {"e": 2}}}
    made = issued(
        claims, ("a", "b"), ("c",), ("c", "d"), decoys={("a",): 2, ("c",): 1, ("c", "d"): 3}
    )
    sd_jwt = parse(made.compact)
    assert len(sd_jwt.payload["a"]["_sd"]) == 3
    assert len(sd_jwt.payload["_sd"]) == 1
    inner = {d.name: d.value for d in sd_jwt.disclosures}
    assert (len(inner["c"]["_sd"]), len(inner["d"]["_sd"])) == (2, 3)
    assert verify.process(sd_jwt) == claims


def test_decoys_of_an_array_look_like_elements_and_change_nothing() -> None:
    claims = {"a": [1, 2, 3]}
    sd_jwt = parse(issued(claims, ("a", None), decoys={("a",): 4}).compact)
    assert [list(element) for element in sd_jwt.payload["a"]] == [["..."]] * 7
    assert verify.process(sd_jwt) == claims
    assert verify.process(parse(select(sd_jwt, [("a", 1)]))) == {"a": [2]}


def test_decoys_stand_anywhere_in_an_array() -> None:
    places = set()
    for round_ in range(60):
        salts = (f"salt-{round_}-{number}" for number in range(9))
        made = issued({"a": ["in clear"]}, salts=salts, decoys={("a",): 2})
        places.add(parse(made.compact).payload["a"].index("in clear"))
    assert places == {0, 1, 2}


def test_decoys_without_any_disclosure_still_name_the_hash() -> None:
    sd_jwt = parse(issued({"a": [1]}, decoys={("a",): 1}, hash_name="sha-512").compact)
    assert sd_jwt.payload["_sd_alg"] == "sha-512"
    assert verify.process(sd_jwt) == {"a": [1]}


@pytest.mark.parametrize("path", [("a",), ("b",), ("c", "x")])
def test_decoys_are_for_objects_and_arrays_that_are_there(path: Path) -> None:
    assert refused({"a": 1, "c": {}}, decoys={path: 1}) == "frame_mismatch"

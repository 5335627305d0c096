"""What an issuer must not let out: clear text by mistake, false digests, salts used twice."""

import hashlib
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.formats.sd_jwt import verify
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import SALT_BYTES, Issued, issue, salts_from
from madang.core.formats.sd_jwt.model import Path, parse
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


def test_salts_that_run_out_or_repeat_are_noticed() -> None:
    assert refused({"a": 1}, ("a",), salts=iter([])) == "no_salt"
    assert refused({"a": 1, "b": 2}, ("a",), ("b",), salts=iter(["s", "s"])) == "salt_twice"
    assert refused({"a": 1}, ("a",), salts=iter(["s", "s"]), decoys={(): 1}) == "salt_twice"


def test_chance_is_cut_into_whole_salts() -> None:
    salts = list(salts_from(bytes(range(2 * SALT_BYTES + 5))))
    assert [len(base64url.decode(salt)) for salt in salts] == [16, 16]
    assert len(set(salts)) == 2


@pytest.mark.parametrize("name", ["md5", "sha-1", "SHA-256", ""])
def test_an_unknown_hash_is_refused(name: str) -> None:
    assert refused({"a": 1}, ("a",), hash_name=name) == "unknown_sd_alg"


@pytest.mark.parametrize(("name", "size"), [("sha-384", 64), ("sha-512", 86)])
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

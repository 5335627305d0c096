"""Queries that take either format."""

from typing import Any

from madang.core.catalog.certificate_type import Path
from madang.core.protocol.dcql.credential import Credential
from madang.core.protocol.dcql.either_format import AsMdoc, in_either_format
from madang.core.protocol.dcql.match import HeldCredential, match
from madang.core.protocol.dcql.model import parse_query

CARD = "org.example.card"


def as_mdoc(vct: str, paths: tuple[Path, ...]) -> AsMdoc | None:
    """Of cards alone is there an mdoc, and it lacks what lies in an array."""
    if not vct.startswith("card") or any(None in path for path in paths):
        return None
    return AsMdoc(f"{CARD}.{vct}", tuple((CARD, ".".join(map(str, path))) for path in paths))


def asked(name: str, *paths: list[str | None], vct: str = "card") -> dict[str, Any]:
    claims = {"claims": [{"path": path} for path in paths]} if paths else {}
    return {"id": name, "format": "dc+sd-jwt", "meta": {"vct_values": [vct]}, **claims}


def test_without_an_mdoc_a_query_stays_as_it_is() -> None:
    query = {"credentials": [asked("a", ["x"], vct="lease"), asked("b", ["x", None])]}
    assert in_either_format(query, as_mdoc) == query


def test_what_was_needed_is_needed_in_one_of_two_formats() -> None:
    query = {"credentials": [asked("a", ["x"], ["over", "18"]), asked("b", vct="lease")]}
    claims = [{"path": [CARD, "x"]}, {"path": [CARD, "over.18"]}]
    assert in_either_format(query, as_mdoc) == {
        "credentials": [
            query["credentials"][0],
            {
                "id": "a-mdoc",
                "format": "mso_mdoc",
                "meta": {"doctype_value": f"{CARD}.card"},
                "claims": claims,
            },
            query["credentials"][1],
        ],
        "credential_sets": [{"options": [["a"], ["a-mdoc"]]}, {"options": [["b"]]}],
    }


def test_no_claims_stay_no_claims() -> None:
    found = in_either_format({"credentials": [asked("a")]}, as_mdoc)
    assert "claims" not in found["credentials"][1]


def test_the_values_that_will_do_go_with_the_claim() -> None:
    card = asked("a", ["x"], ["y"])
    card["claims"][1]["values"] = [1, 2]
    _, twin = in_either_format({"credentials": [card]}, as_mdoc)["credentials"]
    assert twin["claims"] == [{"path": [CARD, "x"]}, {"path": [CARD, "y"], "values": [1, 2]}]


def in_parts(vct: str, paths: tuple[Path, ...]) -> AsMdoc | None:
    """Of each claim two elements."""
    return AsMdoc(vct, tuple((CARD, f"{path[0]}{half}") for path in paths for half in "ab"))


def test_values_of_what_is_several_elements_are_asked_in_one_format() -> None:
    card = asked("a", ["x"])
    assert len(in_either_format({"credentials": [card]}, in_parts)["credentials"]) == 2
    card["claims"][0]["values"] = [1]
    assert in_either_format({"credentials": [card]}, in_parts) == {"credentials": [card]}


def test_every_mixture_of_formats_does_and_the_first_stays_first() -> None:
    sets = [{"options": [["a", "b"], ["a", "c"]], "required": False}]
    credentials = [asked("a"), asked("b", vct="card2"), asked("c", vct="lease")]
    found = in_either_format({"credentials": credentials, "credential_sets": sets}, as_mdoc)
    mixtures = [["a", "b"], ["a", "b-mdoc"], ["a-mdoc", "b"], ["a-mdoc", "b-mdoc"]]
    options = [*mixtures, ["a", "c"], ["a-mdoc", "c"]]
    assert found["credential_sets"] == [{"options": options, "required": False}]


def test_a_wallet_shows_what_it_has_and_never_both() -> None:
    query = parse_query(in_either_format({"credentials": [asked("a", ["x"])]}, as_mdoc))
    sd_jwt = HeldCredential("s", Credential("dc+sd-jwt", frozenset({"card"}), {"x": 1}, True))  # noqa: FBT003  # holder_bound
    mdoc = HeldCredential("m", Credential.of_mdoc(f"{CARD}.card", {CARD: {"x": 1, "y": 2}}))
    assert match(query, [mdoc]).answer()["a-mdoc"].paths == ((CARD, "x"),)
    assert [*match(query, [mdoc, sd_jwt]).answer()] == ["a"]
    assert not match(query, []).satisfied

"""From what was chosen and typed to a DCQL query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.protocol.dcql.model import parse_query
from verifier.requests.draft import (
    MOST_CLAIMS,
    MOST_PARTS,
    Chosen,
    Draft,
    DraftError,
    Part,
    read_lines,
    read_values,
    write_lines,
    write_values,
)

VCT, DOC = "https://a.example/vct/x", "org.iso.18013.5.1.mDL"
steps = st.one_of(st.text(max_size=8), st.integers(0, 99), st.none())
paths = st.lists(steps, min_size=1, max_size=4).map(tuple)
values = st.lists(
    st.one_of(st.integers(-999, 999), st.booleans(), st.sampled_from(["a", "1", "true", "x y"])),
    max_size=3,
).map(tuple)
claims = st.lists(st.builds(Chosen, paths, values), max_size=4).map(tuple)


def test_a_query_asks_what_was_chosen() -> None:
    draft = Draft("", (Part("c1", "dc+sd-jwt", VCT, claims=(Chosen(("a", 0, None), ("x",)),)),))
    claim = {"path": ["a", 0, None], "values": ["x"]}
    meta = {"vct_values": [VCT]}
    one = {"id": "c1", "format": "dc+sd-jwt", "meta": meta, "claims": [claim]}
    assert draft.query() == {"credentials": [one]}


def test_a_mobile_document_is_named_by_its_type() -> None:
    draft = Draft().with_part("mso_mdoc", DOC)
    assert draft.query()["credentials"][0]["meta"] == {"doctype_value": DOC}


def test_alternatives_become_credential_sets() -> None:
    needs = ("always", "a", "a", "b", "welcome")
    parts = tuple(Part(f"c{n}", "dc+sd-jwt", VCT, need) for n, need in enumerate(needs))
    query = Draft("", parts).query()
    assert query["credential_sets"] == [
        {"options": [["c0"]]},
        {"options": [["c1"], ["c2"]]},
        {"options": [["c3"]]},
        {"options": [["c4"]], "required": False},
    ]
    parse_query(query)


def test_where_all_is_needed_there_are_no_sets() -> None:
    draft = Draft().with_part("dc+sd-jwt", VCT).with_part("dc+sd-jwt", VCT)
    assert "credential_sets" not in draft.query()


def test_an_id_is_used_once_also_after_one_was_taken_out() -> None:
    draft = Draft().with_part("dc+sd-jwt", VCT).with_part("dc+sd-jwt", VCT)
    again = draft.without("c1").with_part("mso_mdoc", DOC)
    assert [part.id for part in again.parts] == ["c2", "c1"]


def test_there_are_bounds() -> None:
    draft = Draft()
    for _ in range(MOST_PARTS):
        draft = draft.with_part("dc+sd-jwt", VCT)
    with pytest.raises(DraftError, match="draft_parts"):
        draft.with_part("dc+sd-jwt", VCT)
    with pytest.raises(DraftError, match="draft_claims"):
        read_lines("a\n" * (MOST_CLAIMS + 1))


@pytest.mark.parametrize(
    ("line", "chosen"),
    [
        ("name", Chosen(("name",))),
        (" address . locality ", None),
        ("address.locality = Seoul | Busan", Chosen(("address", "locality"), ("Seoul", "Busan"))),
        ("degrees.0.type", Chosen(("degrees", 0, "type"))),
        ("degrees.*.type", Chosen(("degrees", None, "type"))),
        ("age = 19 | -1", Chosen(("age",), (19, -1))),
        ('member = true | "true" | "19"', Chosen(("member",), (True, "true", "19"))),
        ('["org.iso.18013.5.1","family_name"]', Chosen(("org.iso.18013.5.1", "family_name"))),
    ],
)
def test_a_line_is_a_claim(line: str, chosen: Chosen | None) -> None:
    if chosen is None:
        chosen = Chosen(("address ", " locality"))
    assert read_lines(line) == (chosen,)


@pytest.mark.parametrize("line", ["a..b", ".", "= x", "[]", "[1.5]", "[true]", "[-1]", "{", "[["])
def test_a_line_that_is_none_is_told(line: str) -> None:
    if line == "{":
        assert read_lines(line) == (Chosen(("{",)),)
        return
    with pytest.raises(DraftError, match="draft_path"):
        read_lines(line)


@given(st.text(max_size=200))
def test_any_text_gives_claims_or_this_one_error(text: str) -> None:
    try:
        found = read_lines(text)
    except DraftError:
        return
    Draft("", (Part("c1", "dc+sd-jwt", VCT, claims=found),)).query()
    assert isinstance(read_values(text), tuple)


@given(claims)
def test_what_is_kept_is_what_was_chosen(chosen: tuple[Chosen, ...]) -> None:
    draft = Draft("p", (Part("c1", "dc+sd-jwt", VCT, "a", chosen),))
    kept = strict_json.loads(strict_json.dumps(draft.to_json()))
    assert Draft.from_json(kept) == draft


@given(st.lists(st.text("abc=*.1|[", min_size=1, max_size=5), min_size=1, max_size=3).map(tuple))
def test_a_path_is_read_as_it_is_written(path: tuple[str, ...]) -> None:
    if any("=" in step for step in path):
        return  # such a name cannot be typed: what follows it would be a value
    (again,) = read_lines(write_lines((Chosen(path),)))
    assert again.path == path


@given(values)
def test_values_are_read_as_they_are_written(chosen: tuple[str | int | bool, ...]) -> None:
    again = read_values(write_values(chosen))
    assert [(type(each), each) for each in again] == [(type(each), each) for each in chosen]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.dcql.path import ClaimsPath, locate, restrict

PERSON = {
    "name": "Arthur Dent",
    "address": {"street_address": "42 Market Street", "locality": "Milliways"},
    "degrees": [
        {"type": "Bachelor of Science", "university": "Betelgeuse"},
        {"type": "Master of Science"},
    ],
    "nationalities": ["British", "Betelgeusian"],
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (("name",), ["Arthur Dent"]),
        (("address",), [PERSON["address"]]),
        (("address", "street_address"), ["42 Market Street"]),
        (("degrees", None, "type"), ["Bachelor of Science", "Master of Science"]),
        (("degrees", None, "university"), ["Betelgeuse"]),
        (("nationalities", 1), ["Betelgeusian"]),
    ],
)
def test_the_specification_s_examples_are_selected(path: ClaimsPath, values: list[object]) -> None:
    assert [value for _, value in locate(PERSON, path)] == values


@pytest.mark.parametrize(
    "path",
    [
        ("absent",),
        ("name", "first"),
        ("name", 0),
        ("name", None),
        ("address", None),
        ("address", 0),
        ("nationalities", 2),
        ("nationalities", "British"),
        ("degrees", None, "type", "x"),
    ],
)
def test_a_path_that_leads_nowhere_selects_nothing(path: ClaimsPath) -> None:
    assert locate(PERSON, path) == ()


def test_every_selected_element_comes_with_its_own_path() -> None:
    found = locate(PERSON, ("degrees", None, "type"))
    assert [path for path, _ in found] == [("degrees", 0, "type"), ("degrees", 1, "type")]


def test_restricting_keeps_only_what_the_paths_select() -> None:
    kept = restrict(PERSON, [("address", "locality"), ("degrees", None, "type"), ("absent",)])
    assert kept == {
        "address": {"locality": "Milliways"},
        "degrees": [{"type": "Bachelor of Science"}, {"type": "Master of Science"}],
    }


def test_restricting_closes_up_arrays_and_keeps_whole_elements() -> None:
    assert restrict(PERSON, [("nationalities", 1)]) == {"nationalities": ["Betelgeusian"]}
    assert restrict(PERSON, [("address",), ("address", "locality")]) == {
        "address": PERSON["address"]
    }
    assert restrict(PERSON, []) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from(["a", "b", "c"]), json_values, max_size=3)
paths = st.lists(
    st.sampled_from(["a", "b", "c"]) | st.integers(0, 3) | st.none(), min_size=1, max_size=4
).map(tuple)


@given(document=documents, path=paths)
def test_what_was_located_is_found_again_at_its_own_path(
    document: dict[str, object], path: ClaimsPath
) -> None:
    for place, value in locate(document, path):
        assert locate(document, place) == ((place, value),)


@given(document=documents, path=paths)
def test_a_restricted_document_still_holds_everything_asked_for(
    document: dict[str, object], path: ClaimsPath
) -> None:
    wanted = [value for _, value in locate(document, path)]
    if not any(isinstance(component, int) for component in path):
        assert [value for _, value in locate(restrict(document, [path]), path)] == wanted

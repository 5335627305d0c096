"""Types above types: what a child adds, replaces and may not loosen, and chains that do not end."""

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.type_extension import MAX_EXTENDS, resolve
from madang.core.formats.sd_jwt.type_metadata import Sd, TypeMetadata, integrity

CHILD, PARENT, TOP = "https://i/child", "https://i/parent", "https://i/top"


def document(vct: str, **members: Any) -> bytes:
    named = {name.replace("_integrity", "#integrity"): value for name, value in members.items()}
    return json.dumps({"vct": vct, **named}).encode()


def resolved(*documents: bytes, vct: str = CHILD, **options: Any) -> TypeMetadata:
    by_type = {json.loads(each)["vct"]: each for each in documents}
    return resolve(vct, by_type.get, **options)


def refused(*documents: bytes, **options: Any) -> str:
    with pytest.raises(SdJwtError) as error:
        resolved(*documents, **options)
    return error.value.code


def claim(*path: Any, **members: Any) -> dict[str, Any]:
    return {"path": list(path), **members}


def label(text: str) -> list[dict[str, str]]:
    return [{"locale": "en", "label": text}]


def test_the_example_of_the_specification() -> None:
    parent = document(
        PARENT,
        claims=[claim("name", display=label("Full Name")), claim("a", "city", display=label("C"))],
    )
    child = document(
        CHILD,
        extends=PARENT,
        claims=[claim("a", "city", display=label("Town")), claim("nations", display=label("N"))],
    )
    found = resolved(parent, child)
    assert [(each.path, each.display[0].label) for each in found.claims] == [
        (("name",), "Full Name"),
        (("a", "city"), "Town"),
        (("nations",), "N"),
    ]
    assert found.vct == CHILD


def test_a_chain_is_merged_from_the_top() -> None:
    top = document(TOP, claims=[claim("a", sd="always"), claim("b")])
    parent = document(PARENT, extends=TOP, claims=[claim("b", mandatory=True), claim("c")])
    child = document(CHILD, extends=PARENT, claims=[claim("c", sd="never")])
    rules = {
        each.path[0]: (each.sd, each.mandatory) for each in resolved(top, parent, child).claims
    }
    assert rules == {
        "a": (Sd.ALWAYS, False),
        "b": (Sd.ALLOWED, True),
        "c": (Sd.NEVER, False),
    }


@pytest.mark.parametrize(
    ("above", "below", "merged"),
    [
        ({}, {"sd": "always"}, (Sd.ALWAYS, False)),
        ({"sd": "allowed"}, {"sd": "never"}, (Sd.NEVER, False)),
        ({"sd": "always"}, {"sd": "always"}, (Sd.ALWAYS, False)),
        ({"sd": "always"}, {}, (Sd.ALWAYS, False)),
        ({"sd": "never", "mandatory": True}, {"svg_id": "x"}, (Sd.NEVER, True)),
        ({}, {"mandatory": True}, (Sd.ALLOWED, True)),
        ({"mandatory": True}, {"mandatory": True, "sd": "never"}, (Sd.NEVER, True)),
    ],
)
def test_a_child_tightens_and_inherits_what_it_does_not_say(
    above: dict[str, Any], below: dict[str, Any], merged: tuple[Sd, bool]
) -> None:
    parent = document(PARENT, claims=[claim("a", **above)])
    child = document(CHILD, extends=PARENT, claims=[claim("a", **below)])
    (found,) = resolved(parent, child).claims
    assert (found.sd, found.mandatory) == merged


@pytest.mark.parametrize(
    ("above", "below", "code"),
    [
        ({"sd": "always"}, {"sd": "never"}, "type_metadata_sd"),
        ({"sd": "always"}, {"sd": "allowed"}, "type_metadata_sd"),
        ({"sd": "never"}, {"sd": "always"}, "type_metadata_sd"),
        ({"sd": "never"}, {"sd": "allowed"}, "type_metadata_sd"),
        ({"mandatory": True}, {"mandatory": False}, "type_metadata_mandatory"),
    ],
)
def test_a_child_that_loosens_is_refused(
    above: dict[str, Any], below: dict[str, Any], code: str
) -> None:
    parent = document(PARENT, claims=[claim("a", **above)])
    child = document(CHILD, extends=PARENT, claims=[claim("a", **below)])
    assert refused(parent, child) == code


def test_a_grandchild_cannot_loosen_what_a_child_let_stand() -> None:
    top = document(TOP, claims=[claim("a", sd="always", mandatory=True)])
    parent = document(PARENT, extends=TOP, claims=[claim("a", svg_id="x")])
    for loosened in ({"sd": "never"}, {"mandatory": False}):
        child = document(CHILD, extends=PARENT, claims=[claim("a", **loosened)])
        assert refused(top, parent, child).startswith("type_metadata_")


def shown(name: str) -> list[dict[str, str]]:
    return [{"locale": "en", "name": name}]


def test_the_display_of_a_child_replaces_its_parents() -> None:
    parent = document(PARENT, name="for developers", display=shown("Parent"))
    kept = resolved(parent, document(CHILD, extends=PARENT))
    assert [each.name for each in kept.display] == ["Parent"]
    assert kept.name is None
    own = [{"locale": "ko", "name": "자식"}]
    replaced = resolved(parent, document(CHILD, extends=PARENT, display=own))
    assert [each.locale for each in replaced.display] == ["ko"]


def test_two_claims_do_not_come_by_one_svg_id() -> None:
    parent = document(PARENT, claims=[claim("a", svg_id="x")])
    child = document(CHILD, extends=PARENT, claims=[claim("b", svg_id="x")])
    assert refused(parent, child) == "malformed_type_metadata"
    instead = document(CHILD, extends=PARENT, claims=[claim("a"), claim("b", svg_id="x")])
    assert [each.svg_id for each in resolved(parent, instead).claims] == [None, "x"]


@pytest.mark.parametrize("members", [[claim("a"), claim("a")], [claim("a")] * 3])
def test_two_claims_with_one_path_are_refused(members: list[dict[str, Any]]) -> None:
    assert refused(document(CHILD, claims=members)) == "malformed_type_metadata"


def test_the_number_of_claims_is_bounded_in_a_document_and_in_a_chain() -> None:
    many = [claim(f"a{number}") for number in range(300)]
    more = [claim(f"b{number}") for number in range(300)]
    assert refused(document(CHILD, claims=many + more)) == "malformed_type_metadata"
    parent = document(PARENT, claims=many)
    assert refused(parent, document(CHILD, extends=PARENT, claims=more)) == (
        "malformed_type_metadata"
    )


def test_circles_are_refused_short_and_long() -> None:
    assert refused(document(CHILD, extends=CHILD)) == "type_metadata_cycle"
    circle = [
        document(CHILD, extends=PARENT), document(PARENT, extends=TOP),
        document(TOP, extends=PARENT),
    ]  # fmt: skip
    assert refused(*circle) == "type_metadata_cycle"


def line(length: int) -> list[bytes]:
    names = [CHILD, *(f"https://i/{number}" for number in range(1, length + 1))]
    lower = [document(name, extends=above) for name, above in pairwise(names)]
    return [*lower, document(names[-1])]


def test_the_depth_is_bounded() -> None:
    assert resolved(*line(MAX_EXTENDS)).vct == CHILD
    assert refused(*line(MAX_EXTENDS + 1)) == "type_metadata_depth"
    assert refused(*line(2), max_extends=1) == "type_metadata_depth"


def test_a_chain_that_never_ends_is_left() -> None:
    asked: list[str] = []

    def endless(vct: str) -> bytes:
        asked.append(vct)
        return document(vct, extends=f"{vct}x")

    with pytest.raises(SdJwtError):
        resolve(CHILD, endless)
    assert len(asked) == MAX_EXTENDS + 1


def test_a_missing_document_is_refused() -> None:
    assert refused(vct=CHILD) == "type_metadata_missing"
    assert refused(document(CHILD, extends=PARENT)) == "type_metadata_missing"


def test_every_document_is_held_to_its_hash() -> None:
    parent = document(PARENT)
    child = document(CHILD, extends=PARENT, extends_integrity=integrity(parent))
    assert resolved(parent, child, expected=integrity(child)).vct == CHILD
    assert refused(parent, child, expected=integrity(parent)) == "type_metadata_integrity"
    changed = document(PARENT, name="changed")
    assert refused(changed, child) == "type_metadata_integrity"


def test_a_document_that_speaks_of_another_type_is_refused() -> None:
    with pytest.raises(SdJwtError) as error:
        resolve(CHILD, {CHILD: document(PARENT)}.get)
    assert error.value.code == "type_metadata_vct"


def test_the_size_of_each_document_is_bounded() -> None:
    assert refused(document(CHILD, name="x" * 100), max_bytes=50) == "malformed_type_metadata"


CLAIMS = st.lists(
    st.fixed_dictionaries(
        {"path": st.lists(st.sampled_from(["a", "b", None, 0]), max_size=2)},
        optional={
            "sd": st.sampled_from(["always", "never", "allowed", "?"]),
            "mandatory": st.booleans(),
            "svg_id": st.sampled_from(["x", "y", "1"]),
        },
    ),
    max_size=3,
)
DOCUMENTS = st.fixed_dictionaries(
    {"vct": st.just(CHILD)},
    optional={"extends": st.sampled_from([CHILD, PARENT, TOP, 1]), "claims": CLAIMS},
)


@given(st.lists(DOCUMENTS, min_size=3, max_size=3))
def test_any_documents_give_metadata_or_the_one_error(documents: list[dict[str, Any]]) -> None:
    named = zip((CHILD, PARENT, TOP), documents, strict=True)
    by_type = {vct: json.dumps({**each, "vct": vct}).encode() for vct, each in named}
    with suppress(SdJwtError):
        found = resolve(CHILD, by_type.get)
        assert len({each.path for each in found.claims}) == len(found.claims)

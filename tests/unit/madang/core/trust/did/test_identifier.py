import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.trust.did.errors import DidError
from madang.core.trust.did.identifier import MAX_DID, Did, specific, split


@pytest.mark.parametrize(
    ("did", "parts"),
    [
        ("did:example:123", ("example", "123")),
        ("did:web:a.example%3A8443:u", ("web", "a.example%3A8443:u")),
        ("did:ethr:0x1:0xab", ("ethr", "0x1:0xab")),
        ("did:a:b::c", ("a", "b::c")),
    ],
)
def test_a_did_has_a_method_and_what_it_says(did: str, parts: tuple[str, str]) -> None:
    assert split(did) == Did(*parts)
    assert specific(did, parts[0]) == parts[1]


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did",
        "did:",
        "did:a",
        "did:a:",
        "did:a:b:",
        "did::b",
        "did:A:b",
        "DID:a:b",
        "did:a:b#c",
        "did:a:b?c",
        "did:a:b/c",
        "did:a:b c",
        "did:a:b\n",
        "did:a:%",
        "did:a:%4",
        "did:a:%zz",
        "did:a:é",
        "did:a:" + "b" * MAX_DID,
    ],
)
def test_what_is_no_did_is_refused(did: str) -> None:
    with pytest.raises(DidError) as refused:
        split(did)
    assert refused.value.code == "did_malformed"


def test_a_did_of_another_method_is_refused_by_name() -> None:
    with pytest.raises(DidError, match="did:web was expected") as refused:
        specific("did:key:z", "web")
    assert refused.value.code == "did_method"


@given(st.text(max_size=60).map("did:".__add__) | st.text(max_size=60))
def test_any_text_is_put_together_again_or_refused(text: str) -> None:
    try:
        method, rest = split(text)
    except DidError:
        return
    assert f"did:{method}:{rest}" == text

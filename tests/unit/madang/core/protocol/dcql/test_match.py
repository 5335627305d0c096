from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.dcql.check import check_answer
from madang.core.protocol.dcql.credential import Credential, fit
from madang.core.protocol.dcql.match import Candidate, HeldCredential, match
from madang.core.protocol.dcql.model import DcqlQuery, parse_query
from madang.core.protocol.dcql.path import restrict


def held(vct: str, /, **claims: object) -> HeldCredential:
    return HeldCredential(vct, Credential("dc+sd-jwt", frozenset([vct]), claims, True))  # noqa: FBT003  # holder_bound


def asked(name: str, *paths: str, **members: object) -> dict[str, Any]:
    claims = {"claims": [{"path": [path]} for path in paths]} if paths else {}
    return {"id": name, "format": "dc+sd-jwt", "meta": {"vct_values": [name]}, **claims, **members}


def query(*credentials: dict[str, Any], sets: list[dict[str, Any]] | None = None) -> DcqlQuery:
    value: dict[str, Any] = {"credentials": list(credentials)}
    return parse_query(value if sets is None else value | {"credential_sets": sets})


def test_without_sets_every_credential_is_needed() -> None:
    both = query(asked("id", "name"), asked("lease", "rent"))
    selection = match(both, [held("id", name="Kim", birth="x"), held("lease", rent=1)])
    assert selection.satisfied
    assert selection.answer() == {
        "id": Candidate("id", (("name",),)),
        "lease": Candidate("lease", (("rent",),)),
    }
    partly = match(both, [held("id", name="Kim")])
    assert not partly.satisfied
    assert partly.unmet == ((("lease",),),)
    assert partly.answer() == {}


def test_the_first_possible_option_of_a_required_set_is_chosen() -> None:
    sets = [{"options": [["id"], ["passport", "lease"], ["lease"]]}]
    asks = query(asked("id"), asked("passport"), asked("lease"), sets=sets)
    assert match(asks, [held("lease"), held("passport")]).chosen == ("passport", "lease")
    assert match(asks, [held("lease")]).chosen == ("lease",)
    assert match(asks, []).unmet == ((("id",), ("passport", "lease"), ("lease",)),)


def test_an_optional_set_is_offered_and_not_chosen() -> None:
    sets = [{"options": [["id"]]}, {"options": [["lease"], ["income"]], "required": False}]
    asks = query(asked("id"), asked("lease"), asked("income"), sets=sets)
    selection = match(asks, [held("id"), held("income")])
    assert selection.chosen == ("id",)
    assert selection.optional == ((("income",),),)
    assert match(asks, [held("id")]).satisfied


def test_all_that_fit_are_candidates_in_the_order_held() -> None:
    first, second = held("id", name="Kim"), HeldCredential("b", held("id", name="Lee").credential)
    selection = match(query(asked("id", "name")), [first, second])
    assert [candidate.handle for candidate in selection.candidates["id"]] == ["id", "b"]


names = st.sampled_from(["id", "lease", "income"])
members = st.sampled_from(["a", "b", "c"])


@given(data=st.data())
def test_what_the_wallet_selects_the_verifier_accepts(data: st.DataObject) -> None:
    ids = data.draw(st.lists(names, min_size=1, unique=True))
    asks = [asked(name, *data.draw(st.lists(members, max_size=2))) for name in ids]
    options = st.lists(
        st.lists(st.sampled_from(ids), min_size=1, max_size=2), min_size=1, max_size=4
    )
    one = st.fixed_dictionaries({"options": options, "required": st.booleans()})
    question = query(*asks, sets=data.draw(st.none() | st.lists(one, min_size=1, max_size=2)))
    claims = st.dictionaries(members, st.integers(), max_size=3)
    wallet = [held(name, **data.draw(claims)) for name in data.draw(st.lists(names, max_size=4))]
    wallet = [HeldCredential(str(i), item.credential) for i, item in enumerate(wallet)]
    selection = match(question, wallet)
    presented = {}
    for query_id, candidate in selection.answer().items():
        source = wallet[int(candidate.handle)].credential
        disclosed = restrict(source.claims, candidate.paths)
        shown = Credential(source.format, source.types, disclosed, holder_bound=True)
        for_this = question.credential(query_id)
        assert for_this is not None
        presented[query_id] = [fit(for_this, shown)]
    assert (check_answer(question, presented) == ()) == selection.satisfied

from collections.abc import Mapping
from typing import Any

from madang.core.protocol.dcql.check import AnswerCode, AnswerFailure, check_answer
from madang.core.protocol.dcql.credential import Credential, Fit, MisfitCode, fit
from madang.core.protocol.dcql.model import DcqlQuery, parse_query

SETS = [{"options": [["id"], ["passport"]]}, {"options": [["lease"]], "required": False}]


def query(sets: list[dict[str, Any]] | None = None, **members: object) -> DcqlQuery:
    credentials = [
        {
            "id": name,
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [name]},
            "claims": [{"path": ["name"], "values": ["Kim", "Lee"]}],
            **members,
        }
        for name in ("id", "passport", "lease")
    ]
    return parse_query(
        {"credentials": credentials} | ({} if sets is None else {"credential_sets": sets})
    )


def shown(vct: str, /, **claims: object) -> Credential:
    return Credential("dc+sd-jwt", frozenset([vct]), claims or {"name": "Kim"}, holder_bound=True)


def checked(asked: DcqlQuery, answer: Mapping[str, list[Credential]]) -> tuple[AnswerFailure, ...]:
    """Check an answer; what was not asked for fits whatever it may."""
    queries = {each.id: each for each in asked.credentials}
    fits = {
        name: [fit(queries[name], each) if name in queries else Fit((), ()) for each in credentials]
        for name, credentials in answer.items()
    }
    return check_answer(asked, fits)


def test_a_complete_answer_has_no_failures() -> None:
    answer = {name: [shown(name)] for name in ("id", "passport", "lease")}
    assert checked(query(), answer) == ()
    assert checked(query(SETS), {"passport": [shown("passport")]}) == ()


def test_a_missing_credential_is_named() -> None:
    failures = checked(query(), {"id": [shown("id")], "lease": [shown("lease")]})
    assert [(f.code, f.query_id) for f in failures] == [(AnswerCode.CREDENTIAL, "passport")]


def test_an_unmet_required_set_is_refused_and_an_absent_optional_one_is_not() -> None:
    failures = checked(query(SETS), {"lease": [shown("lease")]})
    assert [f.code for f in failures] == [AnswerCode.CREDENTIAL_SET]
    assert "id, or passport" in failures[0].detail
    assert checked(query(SETS), {"id": [shown("id")]}) == ()


def test_a_misfit_in_an_optional_set_is_refused_all_the_same() -> None:
    answer = {"id": [shown("id")], "lease": [shown("lease", other=1)]}
    assert [f.code for f in checked(query(SETS), answer)] == [MisfitCode.CLAIM]


def test_an_id_that_was_not_asked_for_is_refused() -> None:
    answer = {"id": [shown("id")], "extra": [shown("id")]}
    assert [f.code for f in checked(query(SETS), answer)] == [AnswerCode.UNEXPECTED]


def test_an_empty_array_is_refused() -> None:
    assert AnswerCode.EMPTY in [f.code for f in checked(query(SETS), {"id": []})]


def test_several_presentations_need_multiple() -> None:
    answer = {"id": [shown("id"), shown("id")]}
    assert AnswerCode.TOO_MANY in [f.code for f in checked(query(SETS), answer)]
    assert checked(query(SETS, multiple=True), answer) == ()


def test_claims_and_values_are_checked_whatever_the_wallet_filtered() -> None:
    for claims, code in (({"other": 1}, MisfitCode.CLAIM), ({"name": "Park"}, MisfitCode.VALUE)):
        failures = checked(query(SETS), {"id": [shown("id", **claims)]})
        assert [f.code for f in failures] == [code, AnswerCode.CREDENTIAL_SET]
        assert failures[0].query_id == "id"


def test_a_credential_of_another_type_is_refused() -> None:
    failures = checked(query(SETS), {"id": [shown("passport")]})
    assert failures[0].code == MisfitCode.TYPE
    assert failures[0].clause == "OpenID4VP 1.0 appendix B"

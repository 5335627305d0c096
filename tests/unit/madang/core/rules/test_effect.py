from datetime import date

import pytest

from madang.core.encoding import base64url
from madang.core.encoding.strict_json import Json
from madang.core.rules.effect import check_succession, in_force, in_order
from madang.core.rules.errors import RuleError
from madang.core.rules.model import Rule
from madang.core.rules.parser import parse_rule


def version(file: Json, name: str, first: str, last: str | None, **members: Json) -> Rule:
    parameters = {
        key: [{**entries[0], "from": "2000-01-01"}] for key, entries in file["parameters"].items()
    }
    dates = {"version": name, "effective_from": first, "effective_to": last}
    return parse_rule({**file, **dates, "parameters": parameters, **members})


def test_the_version_of_a_day_and_its_boundaries(rule_file: dict[str, Json]) -> None:
    old = version(rule_file, "1", "2021-01-01", "2021-12-31")
    new = version(rule_file, "2", "2022-01-01", None)
    for rules in ([old, new], [new, old]):
        assert in_force(rules, date(2021, 1, 1)) is old
        assert in_force(rules, date(2021, 12, 31)) is old
        assert in_force(rules, date(2022, 1, 1)) is new
        assert in_force(rules, date(2099, 1, 1)) is new


def test_no_version_before_the_first_or_after_the_last(rule_file: dict[str, Json]) -> None:
    rules = [version(rule_file, "1", "2021-01-01", "2021-12-31")]
    for day in (date(2020, 12, 31), date(2022, 1, 1)):
        with pytest.raises(RuleError, match="a day from 2021-01-01 to 2021-12-31, found"):
            in_force(rules, day)


def test_no_end_is_named_where_there_is_none(rule_file: dict[str, Json]) -> None:
    with pytest.raises(RuleError, match="a day from 2021-01-01 on, found 2020-12-31"):
        in_force([version(rule_file, "1", "2021-01-01", None)], date(2020, 12, 31))


@pytest.mark.parametrize("last", ["2022-01-01", "2022-06-30", None])
def test_versions_that_overlap_are_refused(rule_file: dict[str, Json], last: str | None) -> None:
    rules = [
        version(rule_file, "1", "2021-01-01", last),
        version(rule_file, "2", "2022-01-01", None),
    ]
    with pytest.raises(RuleError, match=r"rent 2 \$\.effective_from.*overlap"):
        in_force(rules, date(2023, 1, 1))


def test_a_gap_between_versions_is_refused(rule_file: dict[str, Json]) -> None:
    rules = [
        version(rule_file, "1", "2021-01-01", "2021-12-30"),
        version(rule_file, "2", "2022-01-01", None),
    ]
    with pytest.raises(RuleError, match=r"expected 2021-12-31, .* \(gap\), found 2022-01-01"):
        in_force(rules, date(2023, 1, 1))


def test_the_same_version_twice_is_an_overlap(rule_file: dict[str, Json]) -> None:
    rule = version(rule_file, "1", "2021-01-01", "2021-12-31")
    with pytest.raises(RuleError, match="overlap"):
        in_force([rule, rule], date(2021, 1, 1))


def test_versions_of_several_programmes_do_not_mix(rule_file: dict[str, Json]) -> None:
    rules = [
        version(rule_file, "1", "2021-01-01", "2021-12-31"),
        version(rule_file, "2", "2022-01-01", None, programme="other"),
    ]
    with pytest.raises(RuleError, match="a version of rent, found other"):
        in_order(rules)


def test_there_is_no_version_of_nothing() -> None:
    with pytest.raises(RuleError, match="at least one version"):
        in_force([], date(2021, 1, 1))


def test_each_version_names_the_one_before_it(rule_file: dict[str, Json]) -> None:
    old = version(rule_file, "1", "2021-01-01", "2021-12-31")
    digest = base64url.encode(old.digest)
    check_succession([old, version(rule_file, "2", "2022-01-01", None, predecessor=digest)])
    forgetful = version(rule_file, "2", "2022-01-01", None)
    with pytest.raises(RuleError, match=rf"rent 2 \$\.predecessor: expected {digest}"):
        check_succession([old, forgetful])


def test_a_version_that_was_edited_in_force_is_found(rule_file: dict[str, Json]) -> None:
    old = version(rule_file, "1", "2021-01-01", "2021-12-31")
    digest = base64url.encode(old.digest)
    new = version(rule_file, "2", "2022-01-01", None, predecessor=digest)
    benefit = {**rule_file["benefit"], "months": 24}
    edited = version(rule_file, "1", "2021-01-01", "2021-12-31", benefit=benefit)
    with pytest.raises(RuleError, match="predecessor"):
        check_succession([edited, new])


def test_the_first_version_names_none(rule_file: dict[str, Json]) -> None:
    digest = base64url.encode(b"\x01" * 32)
    with pytest.raises(RuleError, match="expected null"):
        check_succession([version(rule_file, "1", "2021-01-01", None, predecessor=digest)])

import pytest
from pydantic import ValidationError

from madang.core.protocol.error_body import printable
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, kind, read, read_json


class ReadRefusedError(ValueError):
    pass


class Person(Message):
    name: str
    years: int | None = None
    homes: Array[str] = ()


def test_a_message_is_read_strictly_and_cannot_be_changed() -> None:
    person = read_json(Person, b'{"name":"Kim","homes":["a"],"new":1}', DEFAULT_LIMITS, ValueError)
    assert person == Person(name="Kim", homes=("a",))
    assert person.to_json() == {"name": "Kim", "homes": ["a"]}
    with pytest.raises(ValidationError):
        person.name = "Lee"  # type: ignore[misc]  # the test is that it is frozen


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "name: is required"),
        ({"name": 1}, "name: should be a valid string, got a number"),
        ({"name": None}, "got null"),
        ({"name": "x", "years": "7"}, "years: should be a valid integer, got a string"),
        ({"name": "x", "years": True}, "got a boolean"),
        ({"name": "x", "homes": "abc"}, "got a string"),
        ([], "the message: "),
    ],
)
def test_a_problem_names_place_expectation_and_kind(value: object, said: str) -> None:
    with pytest.raises(ReadRefusedError) as refusal:
        read(Person, value, ReadRefusedError)
    assert said in str(refusal.value)


def test_many_problems_are_counted_and_values_never_repeated() -> None:
    with pytest.raises(ReadRefusedError) as refusal:
        read(Person, {"name": "x", "homes": [900101] * 9}, ReadRefusedError)
    assert str(refusal.value).endswith("and 6 more")
    assert "900101" not in str(refusal.value)


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b'{"name":"a","name":"b"}', DEFAULT_LIMITS),
        (b'{"name":"a"}', Limits(body_bytes=11)),
        (b'{"name":"a","homes":[[[]]]}', Limits(json_depth=3)),
        (b'{"name":NaN}', DEFAULT_LIMITS),
        (b"\xff", DEFAULT_LIMITS),
    ],
)
def test_json_is_decoded_strictly_and_within_bounds(data: bytes, limits: Limits) -> None:
    with pytest.raises(ReadRefusedError):
        read_json(Person, data, limits, ReadRefusedError)


def test_every_json_kind_has_a_name() -> None:
    values = [{}, [], (), "", True, None, 1, 1.5, Person(name="x")]
    names = ["an object", "an array", "an array", "a string", "a boolean", "null"]
    assert [kind(value) for value in values] == [*names, "a number", "a number", "an object"]


def test_a_description_holds_only_what_rfc_6749_allows() -> None:
    assert printable('say "hi" \\ 가\n') == "say 'hi' ? ??"

"""The base of every JSON message, and how one is read without leaking library text or values."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import loads
from madang.core.protocol.limits import Limits

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

Array = Annotated[tuple[T, ...], Field(strict=False)]
"""A JSON array read into a tuple; its elements stay strict."""

Refusal = Callable[[str], Exception]
"""Makes the error of a message's family out of a reason."""

_NAMED_PROBLEMS = 3
_PLACE_CHARS = 80
_TEXT_CHARS = 240


class Message(BaseModel):
    """A frozen message: unknown members are accepted, types are not coerced."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, populate_by_name=True)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the wire form; members without a value are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def read(model: type[M], value: object, refuse: Refusal) -> M:
    """Read a decoded JSON value into a message.

    Args:
        model: the message's class.
        value: what the JSON decoder returned.
        refuse: makes the error to raise out of a reason that names place and expectation.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise refuse(describe(error)) from None


def read_json(model: type[M], data: bytes | str, limits: Limits, refuse: Refusal) -> M:
    """Read a JSON body into a message; see ``read``."""
    return read(model, load(data, limits.body_bytes, limits, refuse), refuse)


def load(data: bytes | str, max_bytes: int, limits: Limits, refuse: Refusal) -> object:
    """Decode JSON strictly (no duplicate members, bounded size and depth)."""
    try:
        return loads(data, max_bytes=max_bytes, max_depth=limits.json_depth)
    except EncodingError as error:
        raise refuse(str(error)) from None


def describe(error: ValidationError) -> str:
    """Say where the first problems are, what was expected there and which JSON kind came."""
    problems = error.errors(include_url=False)
    told = [_problem(dict(problem)) for problem in problems[:_NAMED_PROBLEMS]]
    rest = len(problems) - len(told)
    return "; ".join(told) + (f"; and {rest} more" if rest > 0 else "")


def _problem(problem: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in problem["loc"])[:_PLACE_CHARS] or "the message"
    if problem["type"] == "missing":
        return f"{place}: is required"
    expected = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    expected = expected[:_TEXT_CHARS]
    return f"{place}: {expected}, got {kind(problem['input'])}"


def kind(value: object) -> str:
    """Name the JSON kind of a value, for messages that must not repeat the value."""
    names = {dict: "an object", str: "a string", bool: "a boolean", type(None): "null"}
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, BaseModel):
        return "an object"
    return names.get(type(value), "a number")

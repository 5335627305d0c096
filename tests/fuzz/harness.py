"""A harness: bytes from outside go into a parser, which returns or raises its own error.

Anything else that comes out is a find: another exception, or a value that is not what its own
dump reads back as.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from madang.core.envelope import jws

Function = Callable[[bytes], None]


class RefusedError(Exception):
    """A verification said no; that is an answer, and a seed shall not get it."""


def require(holds: object) -> None:
    """Tell a verdict apart from a refusal, so that every seed is known to go all the way."""
    if not holds:
        raise RefusedError


@dataclass(frozen=True, slots=True)
class Harness:
    """A parser under test.

    Attributes:
        run: hands bytes to the parser and checks what comes of them.
        errors: what the parser documents; empty where it raises nothing.
    """

    name: str
    run: Function
    errors: tuple[type[Exception], ...]

    def accepts(self, data: bytes) -> bool:
        """Tell whether the parser took the bytes; whatever it must not raise passes through."""
        try:
            self.run(data)
        except self.errors:
            return False
        return True


HARNESSES: dict[str, Harness] = {}


def harness(*errors: type[Exception]) -> Callable[[Function], Function]:
    """Enter a function into the table under its own name."""

    def enter(function: Function) -> Function:
        name = function.__name__
        assert name not in HARNESSES
        HARNESSES[name] = Harness(name, function, (*errors, RefusedError))
        return function

    return enter


def load() -> dict[str, Harness]:
    """Return the harnesses of every file in `parsers`, by name."""
    for path in sorted((Path(__file__).parent / "parsers").glob("*.py")):
        import_module(f"tests.fuzz.parsers.{path.stem}")
    return HARNESSES


def text(data: bytes) -> str:
    """Return any text: bytes that are no UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def chunks(data: bytes) -> Iterator[bytes]:
    """Take bytes apart: each piece behind its length in two bytes, the last as long as it is."""
    while data:
        size = int.from_bytes(data[:2])
        yield data[2 : 2 + size]
        data = data[2 + size :]


def joined(*pieces: bytes) -> bytes:
    """Make what `chunks` takes apart."""
    return b"".join(len(piece).to_bytes(2) + piece for piece in pieces)


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def payload_of(compact: str) -> bytes:
    """Return what a JWS signs; the harness signs it anew."""
    return jws.parse(compact).payload

"""JSON-RPC over HTTP to the nodes of a chain, with limits on time and size."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from eth_abi.exceptions import DecodingError

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.infra.http import HttpError, HttpxClient

TIMEOUT_SECONDS: Final = 10.0
MAX_BYTES: Final = 32_000_000
CHECK_SECONDS: Final = 30.0
_MAX_DEPTH: Final = 32
_MAX_DIGITS: Final = 64
_MAX_DETAIL: Final = 200
_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]+")
_DIGEST: Final = re.compile(r"0x[0-9a-f]{64}")
_KEPT: Final = 2**63
"""Below it a database keeps a number."""
_BROKEN_BY_GARBAGE: Final = (ValueError, TypeError, LookupError, AttributeError, OverflowError)


class RpcError(RuntimeError):
    """The node did not answer, answered garbage, or answered with an error.

    Attributes:
        code: the node's error code, or None if there was no proper answer.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class WrongNodeError(RpcError):
    """A node that answers, but not for the chain that is known.

    Attributes:
        kind: "other_chain", "behind" or "forked".
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class JsonRpc(Protocol):
    """Calls to a chain."""

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - any JSON value
        """Call `method` and return its result, a JSON value.

        Raises:
            RpcError: no answer, no JSON-RPC answer, or an error of the node.
        """
        ...

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        ...


@contextmanager
def understood(method: str) -> Iterator[None]:
    """Turn what a node's garbage breaks in the block into the one error of a node."""
    try:
        yield
    except (*_BROKEN_BY_GARBAGE, DecodingError) as error:
        raise RpcError(f"{method}: the node's answer is not understood") from error


def number(value: object) -> int:
    """Return a quantity of JSON-RPC, "0x…"; RpcError if it is none."""
    if not isinstance(value, str) or len(value) > _MAX_DIGITS + 2 or not _QUANTITY.fullmatch(value):
        raise RpcError("the node's answer is no quantity")
    return int(value, 16)


def counted(value: object) -> int:
    """Return a height, time, count or amount of gas, below 2^63; RpcError if it is none."""
    found = number(value)
    if found >= _KEPT:
        raise RpcError("the node's answer is too large a number")
    return found


def digest(value: object) -> str:
    """Return a hash, "0x" and 64 lower-case hex digits; RpcError if it is none."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value.lower()):
        raise RpcError("the node's answer is no hash")
    return value.lower()


class Rpc:
    """Calls to one node (Ethereum JSON-RPC, over HTTP).

    Args:
        url: address of the node.
        timeout: seconds for one whole call.
        max_bytes: longest answer, unpacked; what is longer is cut off while it comes.
        anchors: DER of authorities whose servers are trusted beside those of the system.
    """

    def __init__(
        self,
        url: str,
        timeout: float = TIMEOUT_SECONDS,
        max_bytes: int = MAX_BYTES,
        anchors: tuple[bytes, ...] = (),
    ) -> None:
        self.url = url
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._anchors = anchors
        self._client: HttpxClient | None = None
        self._numbers = itertools.count(1)

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - any JSON value
        """Call `method`; see `JsonRpc.call`."""
        number = next(self._numbers)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            answer = await self._connected().request(
                "POST",
                self.url,
                headers={"content-type": "application/json"},
                content=strict_json.dumps(request).encode(),
            )
            body = strict_json.loads(answer.body, max_bytes=self._max_bytes, max_depth=_MAX_DEPTH)
        except (HttpError, EncodingError) as error:
            raise RpcError(f"{method}: no proper answer from the node: {error}") from error
        return _result(method, number, body)

    def _connected(self) -> HttpxClient:
        if self._client is None:
            self._client = HttpxClient(
                timeout=self._timeout, max_bytes=self._max_bytes, anchors=self._anchors
            )
        return self._client

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        if self._client is not None:
            await self._client.close()
            self._client = None


def _result(method: str, number: int, body: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return the result in an answer (JSON-RPC 2.0 section 5); an error of null is none."""
    if not isinstance(body, dict) or type(body.get("id")) is not int or body["id"] != number:
        raise RpcError(f"{method}: the node's answer is no JSON-RPC answer to this call")
    match body.get("error"):
        case None if "result" in body:
            return body["result"]
        case {"code": int(code), "message": str(message)} if not isinstance(code, bool):
            raise RpcError(f"{method}: {message[:_MAX_DETAIL]}", code)
    raise RpcError(f"{method}: the node's answer has neither a result nor a proper error")


class RpcNodes:
    """Calls to several nodes of one chain: stays with one that works, else tries the next.

    A node's answers count only after it was checked; that is done again after it failed, and
    from time to time, since another may have taken its address.

    Args:
        nodes: in the order in which they are tried.
        check: raises WrongNodeError for a node that is not of the chain.
        check_seconds: how long a check counts.
    """

    def __init__(
        self,
        nodes: Sequence[Rpc],
        check: Callable[[JsonRpc], Awaitable[None]],
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._nodes = tuple(nodes)
        self._check = check
        self._seconds = check_seconds
        self._checked: dict[str, float] = {}
        self._at = 0

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - any JSON value
        """Call `method` at the first node that gives a proper answer; see `JsonRpc.call`.

        Raises:
            WrongNodeError: none does, and one of them is of another chain.
        """
        failures: list[RpcError] = []
        start = self._at
        for offset in range(len(self._nodes)):
            at = (start + offset) % len(self._nodes)
            node = self._nodes[at]
            try:
                await self._admit(node)
                found = await node.call(method, *params)
            except RpcError as error:
                if error.code is not None:
                    self._at = at
                    raise
                failures.append(error)
                self._checked.pop(node.url, None)
            else:
                self._at = at
                return found
        raise _told(failures)

    async def _admit(self, node: Rpc) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._checked.get(node.url, 0.0):
            return
        try:
            await self._check(node)
        except WrongNodeError:
            raise
        except RpcError as error:  # whatever it is: a node that was not checked gives no answer
            raise RpcError(f"{node.url} could not be checked: {error}") from error
        self._checked[node.url] = now + self._seconds

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        for node in self._nodes:
            await node.close()


def _told(failures: Sequence[RpcError]) -> RpcError:
    text = "; ".join(str(each) for each in failures)
    wrong = next((each for each in failures if isinstance(each, WrongNodeError)), None)
    return RpcError(text) if wrong is None else WrongNodeError(wrong.kind, text)

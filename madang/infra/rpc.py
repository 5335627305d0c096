"""JSON-RPC over HTTP to a chain node, with limits on time and size."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
from eth_abi.exceptions import DecodingError

_TIMEOUT_SECONDS = 10.0
_MAX_BYTES = 256_000_000
_BROKEN_BY_GARBAGE: Final = (ValueError, TypeError, LookupError, AttributeError, OverflowError)


class RpcError(RuntimeError):
    """The node did not answer, answered garbage, or answered with an error.

    Attributes:
        code: the node's error code, or None if there was no proper answer.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def understood(method: str) -> Iterator[None]:
    """Turn what a node's garbage breaks in the block into the one error of a node."""
    try:
        yield
    except (*_BROKEN_BY_GARBAGE, DecodingError) as error:
        raise RpcError(f"{method}: the node's answer is not understood") from error


def number(value: object) -> int:
    """Return a quantity of JSON-RPC, "0x…"; RpcError if it is none."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise RpcError("the node's answer is no quantity")
    with understood("quantity"):
        return int(value, 16)


class Rpc:
    """Calls to one node (Ethereum JSON-RPC, over HTTP).

    Args:
        url: address of the node.
        timeout: seconds for one call.
    """

    def __init__(self, url: str, timeout: float = _TIMEOUT_SECONDS) -> None:
        self.url = url
        self._timeout = timeout
        self._client: httpx.AsyncClient | None = None
        self._numbers = itertools.count(1)

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - any JSON value
        """Call `method` and return its result, a JSON value.

        Raises:
            RpcError: no answer, no JSON-RPC answer, or an error of the node.
        """
        number = next(self._numbers)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            answer = await self._connected().post(self.url, json=request)
            body = answer.json() if len(answer.content) <= _MAX_BYTES else None
        except (httpx.HTTPError, ValueError) as error:
            raise RpcError(f"{method}: no proper answer from the node: {error!r}") from error
        if not isinstance(body, dict) or body.get("id") != number:
            raise RpcError(f"{method}: the node's answer is no JSON-RPC answer to this call")
        if "error" in body:
            detail = body["error"] if isinstance(body["error"], dict) else {}
            raise RpcError(f"{method}: {detail.get('message', 'error')}", detail.get("code"))
        return body.get("result")

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._timeout, trust_env=False)
        return self._client

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

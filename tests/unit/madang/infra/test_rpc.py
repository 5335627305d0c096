"""What a node can do wrong, each by a server that does it: one error, in time, in little memory."""

import asyncio
import contextlib
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from madang.infra.chain import RpcChain
from madang.infra.rpc import JsonRpc, Rpc, RpcError, RpcNodes, WrongNodeError, number

MAX_BYTES = 100_000
PIECE = b"x" * 1_000
Answer = Callable[[dict[str, Any], asyncio.StreamWriter], Awaitable[None]]
"""Writes the answer to a request, headers and all."""


@contextlib.asynccontextmanager
async def node(answer: Answer) -> AsyncIterator[str]:
    """Serve one connection after another; each ends with its answer."""
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await answer(json.loads(await reader.readexactly(length)), writer)
                await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def raw(body: bytes, headers: str = "", status: str = "200 OK") -> Answer:
    """Answer always with these bytes."""

    async def answer(_request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        writer.write(
            f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body
        )

    return answer


def value(make: Callable[[dict[str, Any]], Any], status: str = "200 OK") -> Answer:
    """Answer with JSON that is made from the request."""

    async def answer(request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await raw(json.dumps(make(request)).encode(), status=status)(request, writer)

    return answer


def result(found: Any) -> Answer:
    """Answer properly."""
    return value(lambda request: {"jsonrpc": "2.0", "id": request["id"], "result": found})


async def _hang(_request: dict[str, Any], _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _drip(_request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _babble(_request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    writer.write(b"\xff\x00 nonsense\r\n\r\n")


async def _cut(_request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"jsonrpc"')


async def _flood(_request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(f"{len(PIECE):x}\r\n".encode() + PIECE + b"\r\n")
        await writer.drain()


def error(told: Any) -> Answer:
    return value(lambda request: {"jsonrpc": "2.0", "id": request["id"], "error": told})


FAULTS: dict[str, Answer] = {
    "slow": _drip,
    "hanging": _hang,
    "cut off": _cut,
    "no http": _babble,
    "garbage": raw(b"\xff\x00\x80 not JSON"),
    "nothing": raw(b""),
    "a page": raw(b"<html>Bad gateway</html>", status="502 Bad Gateway"),
    "another form": value(lambda _request: [1, 2]),
    "a word": value(lambda _request: "up"),
    "deep": raw(b"[" * 50_000),
    "twice": raw(b'{"id":1,"id":1,"result":"0x1"}'),
    "infinite": raw(b'{"id":1,"result":1e999}'),
    "no result": value(lambda request: {"jsonrpc": "2.0", "id": request["id"]}),
    "wrong id": value(lambda request: {"id": request["id"] + 1, "result": "0x1"}),
    "id as text": value(lambda request: {"id": str(request["id"]), "result": "0x1"}),
    "id as true": value(lambda _request: {"id": True, "result": "0x1"}),
    "no id": value(lambda _request: {"result": "0x1"}),
    "error as text": error("bad"),
    "error as number": error(5),
    "error as list": error([]),
    "error without code": error({"message": "bad"}),
    "error with code as text": error({"code": "-32000", "message": "bad"}),
    "error with code as true": error({"code": True, "message": "bad"}),
    "error with message as object": error({"code": 1, "message": {}}),
    "huge": raw(b'"' + b"x" * MAX_BYTES + b'"'),
    "endless": _flood,
    "packed bomb": raw(gzip.compress(bytes(50_000_000)), "content-encoding: gzip\r\n"),
    "packed garbage": raw(b"\x1f\x8b\x08nonsense", "content-encoding: gzip\r\n"),
    "packed otherwise": raw(b"{}", "content-encoding: br\r\n"),
}


async def _ask(url: str, method: str = "eth_chainId") -> Any:
    rpc = Rpc(url, timeout=0.3, max_bytes=MAX_BYTES)
    try:
        return await rpc.call(method)
    finally:
        await rpc.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_the_one_error_of_a_node(fault: str) -> None:
    async def lives() -> None:
        async with node(FAULTS[fault]) as url:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            with pytest.raises(RpcError, match="eth_chainId: ") as caught:
                await _ask(url)
            assert caught.value.code is None
            assert loop.time() - begun < 2

    asyncio.run(lives())


@pytest.mark.parametrize("fault", ["huge", "endless", "packed bomb"])
def test_a_huge_answer_is_cut_off_while_it_comes(fault: str) -> None:
    async def lives() -> int:
        async with node(FAULTS[fault]) as url:
            with pytest.raises(RpcError):
                await _ask(url)
            tracemalloc.start()
            with pytest.raises(RpcError):
                await _ask(url)
            return tracemalloc.get_traced_memory()[1]

    try:
        assert asyncio.run(lives()) < 20 * MAX_BYTES
    finally:
        tracemalloc.stop()


def test_a_nodes_own_error_comes_with_its_code_and_not_too_long() -> None:
    async def lives() -> None:
        async with node(error({"code": -32000, "message": "m" * 10_000})) as url:
            with pytest.raises(RpcError) as caught:
                await _ask(url)
            assert caught.value.code == -32000
            assert len(str(caught.value)) < 300

    asyncio.run(lives())


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_an_answer_counts_whatever_its_status_and_beside_a_null_error(status: str) -> None:
    async def lives() -> None:
        answer = value(
            lambda request: {"id": request["id"], "result": "0x5", "error": None}, status
        )
        async with node(answer) as url:
            assert await _ask(url) == "0x5"

    asyncio.run(lives())


def test_a_packed_answer_is_unpacked() -> None:
    async def lives() -> None:
        body = gzip.compress(b'{"id":1,"result":"0x5"}')
        async with node(raw(body, "content-encoding: gzip\r\n")) as url:
            assert await _ask(url) == "0x5"

    asyncio.run(lives())


def test_a_result_of_null_is_a_result() -> None:
    async def lives() -> None:
        async with node(result(None)) as url:
            assert await _ask(url) is None

    asyncio.run(lives())


def test_a_node_that_is_not_there_is_the_same_error() -> None:
    async def lives() -> None:
        async with node(result(None)) as url:
            gone = url
        with pytest.raises(RpcError):
            await _ask(gone)

    asyncio.run(lives())


RECEIPT = {
    "transactionHash": "0x" + "aa" * 32,
    "blockNumber": "0x5",
    "blockHash": "0x" + "05" * 32,
    "status": "0x1",
    "gasUsed": "0x5208",
}
BLOCK = {"number": "0x5", "hash": "0x" + "05" * 32, "timestamp": "0x6"}


def _serving(receipt: Any, block: Any) -> Answer:
    return value(
        lambda request: {
            "id": request["id"],
            "result": receipt if request["method"].endswith("Receipt") else block,
        }
    )


@pytest.mark.parametrize(
    ("receipt", "block"),
    [
        (RECEIPT | {"transactionHash": "0x" + "bb" * 32}, BLOCK),
        (RECEIPT | {"transactionHash": None}, BLOCK),
        (RECEIPT, BLOCK | {"number": "0x6"}),
        (RECEIPT | {"status": None}, BLOCK),
        ("0x", BLOCK),
        (RECEIPT, "0x"),
    ],
)
def test_a_receipt_for_another_transaction_or_block_is_no_receipt(receipt: Any, block: Any) -> None:
    async def lives() -> None:
        async with node(_serving(receipt, block)) as url:
            rpc = Rpc(url)
            with pytest.raises(RpcError):
                await RpcChain(rpc).receipt("0x" + "aa" * 32)
            await rpc.close()

    asyncio.run(lives())


def test_a_receipt_in_a_block_that_was_taken_back_is_none_yet() -> None:
    async def lives() -> None:
        for block in (None, BLOCK | {"hash": "0x" + "06" * 32}):
            async with node(_serving(RECEIPT, block)) as url:
                rpc = Rpc(url)
                assert await RpcChain(rpc).receipt("0x" + "aa" * 32) is None
                await rpc.close()

    asyncio.run(lives())


def test_an_unknown_receipt_may_be_an_error_of_its_own() -> None:
    async def lives() -> None:
        async with node(error({"code": -32000, "message": "tx not found"})) as url:
            rpc = Rpc(url)
            assert await RpcChain(rpc).receipt("0x" + "aa" * 32) is None
            await rpc.close()

    asyncio.run(lives())


# --- several nodes


async def _good(_rpc: JsonRpc) -> None:
    """Every node is of the chain."""


@contextlib.asynccontextmanager
async def nodes(
    *answers: Answer, check: Callable[[JsonRpc], Awaitable[None]] = _good, seconds: float = 60.0
) -> AsyncIterator[RpcNodes]:
    async with contextlib.AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(node(each)) for each in answers]
        many = RpcNodes([Rpc(url, 0.3, MAX_BYTES) for url in urls], check, seconds)
        yield many
        await many.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_next_node_is_asked_when_one_gives_no_proper_answer(fault: str) -> None:
    async def lives() -> None:
        async with nodes(FAULTS[fault], result("0x2")) as many:
            assert await many.call("eth_chainId") == "0x2"
            loop = asyncio.get_running_loop()
            begun = loop.time()
            assert [await many.call("eth_chainId") for _ in range(3)] == ["0x2"] * 3
            assert loop.time() - begun < 0.3, "it stays with the node that works"

    asyncio.run(lives())


def test_a_nodes_own_error_is_an_answer() -> None:
    async def lives() -> None:
        refusing = error({"code": 3, "message": "execution reverted"})
        async with nodes(refusing, result("0x2")) as many:
            with pytest.raises(RpcError, match="reverted"):
                await many.call("eth_call")

    asyncio.run(lives())


def test_when_no_node_answers_each_is_told_of() -> None:
    async def lives() -> None:
        async with nodes(FAULTS["garbage"], FAULTS["wrong id"]) as many:
            with pytest.raises(RpcError, match=r"not JSON.*; .*no JSON-RPC answer"):
                await many.call("eth_chainId")

    asyncio.run(lives())


async def _of_two(rpc: JsonRpc) -> None:
    found = await rpc.call("eth_chainId")
    if found != "0x2":
        raise WrongNodeError("other_chain", f"chain {found}")


def test_answers_of_a_node_of_another_chain_never_count() -> None:
    async def lives() -> None:
        async with nodes(result("0x1"), result("0x2"), check=_of_two) as many:
            assert {await many.call("eth_chainId") for _ in range(5)} == {"0x2"}
        async with nodes(result("0x1"), FAULTS["hanging"], check=_of_two) as many:
            with pytest.raises(WrongNodeError, match="chain 0x1") as caught:
                await many.call("eth_chainId")
            assert caught.value.kind == "other_chain"

    asyncio.run(lives())


def test_a_node_that_failed_is_checked_again_before_it_counts() -> None:
    async def lives() -> None:
        """The node answers, goes away, and comes back as a node of another chain."""
        state = {"chain": "0x2", "away": False}

        async def changing(request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
            if not state["away"]:
                await result(state["chain"])(request, writer)

        async with nodes(changing, check=_of_two) as many:
            assert await many.call("eth_chainId") == "0x2"
            state["away"] = True
            with pytest.raises(RpcError):
                await many.call("eth_chainId")
            state |= {"away": False, "chain": "0x1"}
            with pytest.raises(WrongNodeError):
                await many.call("eth_chainId")

    asyncio.run(lives())


def test_a_check_counts_for_a_while_only() -> None:
    async def lives() -> None:
        checks = []

        async def check(_rpc: JsonRpc) -> None:
            checks.append(1)

        async with nodes(result("0x2"), check=check) as many:
            for _ in range(3):
                await many.call("eth_chainId")
            assert len(checks) == 1
        async with nodes(result("0x2"), check=check, seconds=0.0) as many:
            for _ in range(3):
                await many.call("eth_chainId")
            assert len(checks) == 4

    asyncio.run(lives())


def test_a_node_that_cannot_be_checked_gives_no_answer_even_by_an_error_of_its_own() -> None:
    async def lives() -> None:
        refusing = error({"code": -32601, "message": "no such method"})
        async with nodes(refusing, result("0x2"), check=_of_two) as many:
            assert await many.call("eth_chainId") == "0x2"

    asyncio.run(lives())


@pytest.mark.parametrize("text", ["0x_1", "0x-1", "0x+1", "0x 1", "0X1", "0x" + "1" * 65, "1", ""])
def test_a_quantity_has_one_form(text: str) -> None:
    with pytest.raises(RpcError):
        number(text)

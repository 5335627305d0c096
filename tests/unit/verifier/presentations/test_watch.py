"""Waiting for a presentation: bounded, woken by a change, and over when it is decided."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from verifier.presentations.watch import BusyError, Watch


def looks(*states: str) -> Iterator[dict[str, object]]:
    return iter([{"state": state} for state in states])


async def first(events: AsyncIterator[bytes]) -> bytes:
    return await anext(events, b"")


def test_every_change_is_told_until_it_is_decided() -> None:
    async def visit() -> list[bytes]:
        watch, states = Watch(60.0, 1), looks("open", "returning", "answered")
        told: list[bytes] = []
        async for event in watch.events("p", lambda: next(states)):
            told.append(event)
            asyncio.get_running_loop().call_soon(watch.changed, "p")
        return told

    found = asyncio.run(visit())
    assert [each.splitlines()[1] for each in found] == [
        b'data: {"state":"open"}',
        b'data: {"state":"returning"}',
        b'data: {"state":"answered"}',
    ]


def test_a_silent_look_keeps_the_connection() -> None:
    async def visit() -> list[bytes]:
        states = looks("open", "open", "refused")
        return [event async for event in Watch(0.001, 1).events("p", lambda: next(states))]

    assert [each[:1] for each in asyncio.run(visit())] == [b"e", b":", b"e"]


def test_no_more_watch_than_may_also_of_those_that_begin_at_once() -> None:
    async def visit() -> tuple[list[bytes], bool]:
        watch = Watch(60.0, 2)
        begun = [watch.events("p", lambda: {"state": "open"}) for _ in range(3)]
        told = [await first(each) for each in begun]
        with pytest.raises(BusyError):
            watch.events("p", lambda: {"state": "open"})
        for each in begun:
            await each.aclose()  # type: ignore[attr-defined]  # generators all
        free = await first(watch.events("p", lambda: {"state": "answered"}))
        return told, bool(free)

    told, free = asyncio.run(visit())
    assert [bool(each) for each in told] == [True, True, False]
    assert free

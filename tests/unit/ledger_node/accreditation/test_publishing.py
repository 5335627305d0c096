"""A chain that is away for a night leaves a line in the log, not one for each second."""

import asyncio
from typing import cast

import pytest

from ledger_node.accreditation.publishing import pause, publish, publishing
from ledger_node.accreditation.usecases import Publication
from madang.core.trust.snapshot import TOO_LARGE, SnapshotError
from madang.infra.rpc import RpcError


class Away:
    """A publication whose chain fails as told, once each."""

    def __init__(self, *errors: BaseException | None) -> None:
        self._errors = iter(errors)

    async def refresh(self) -> None:
        error = next(self._errors)
        if error is not None:
            raise error


def test_what_it_waits_for_is_logged_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    gone, refused = RpcError("away"), RpcError("no such method", -32601)
    errors = (gone, gone, refused, refused, None, gone)
    publication = cast("Publication", Away(*errors))

    async def lives() -> list[str]:
        words = [""]
        for _ in errors:
            words.append(await publish(publication, words[-1]))
        return words[1:]

    words = ["no_answer", "no_answer", "node_error", "node_error", "", "no_answer"]
    assert asyncio.run(lives()) == words
    assert caplog.text.count("the accreditations wait") == 3


def test_what_no_reader_would_take_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    large = SnapshotError(TOO_LARGE, "2000001 bytes")
    publication = cast("Publication", Away(large, large))

    async def lives() -> list[str]:
        first = await publish(publication)
        return [first, await publish(publication, first)]

    assert asyncio.run(lives()) == [TOO_LARGE, TOO_LARGE]
    assert caplog.text.count("are not signed, the last ones stay: 2000001 bytes") == 1


@pytest.mark.parametrize(
    ("waiting", "seconds"), [("", 15), (TOO_LARGE, 15), ("no_answer", 1), ("node_error", 1)]
)
def test_only_what_may_be_over_in_a_second_is_tried_again_then(waiting: str, seconds: int) -> None:
    assert pause(waiting, 15) == seconds
    assert pause(waiting, 0.5) == 0.5


def test_it_is_published_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    gone = RpcError("away")
    publication = cast("Publication", Away(None, gone, gone, None, asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(publishing(publication, 0.001))
    assert caplog.text.count("the accreditations wait") == 1

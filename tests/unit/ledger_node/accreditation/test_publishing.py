"""A chain that is away for a night leaves a line in the log, not one for each second."""

import asyncio
from typing import cast

import pytest

from ledger_node.accreditation.publishing import publish
from ledger_node.accreditation.usecases import Publication
from madang.infra.rpc import RpcError


class Away:
    """A publication whose chain fails as told, once each."""

    def __init__(self, *errors: RpcError | None) -> None:
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

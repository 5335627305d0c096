"""Server-sent events of a presentation."""

from collections.abc import AsyncIterator
from typing import Final

from fastapi.responses import StreamingResponse

from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import Content
from verifier.presentations.desk import Desk
from verifier.presentations.telling import state_of, told_to_holder
from verifier.presentations.watch import EVENT_STREAM

EVENTS: Final = Content(EVENT_STREAM)


def changes(desk: Desk, tenant: str, presentation: str) -> AsyncIterator[bytes]:
    """Return the events of a presentation: its state and the codes of a refusal, no more."""

    def look() -> dict[str, object]:
        found = desk.find(tenant, presentation)
        return {"state": state_of(found), "failures": list(found.judged.codes)}

    return desk.watch.events(presentation, look)


def changes_for_holder(desk: Desk, tenant: str, presentation: str) -> AsyncIterator[bytes]:
    """Return the same for the one who is asked, who learns of a refusal and not why."""

    def look() -> dict[str, object]:
        found = desk.find(tenant, presentation)
        return {"state": state_of(found), "failures": list(told_to_holder(found))}

    return desk.watch.events(presentation, look)


def event_stream(content: AsyncIterator[bytes]) -> StreamingResponse:
    """Return events as they come; nobody between may keep them back."""
    headers = {**NO_STORE, "x-accel-buffering": "no"}
    return StreamingResponse(content, media_type=EVENT_STREAM, headers=headers)

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.oid4vci.errors import CredentialError
from madang.core.protocol.oid4vci.notification import (
    Event,
    NotificationRequest,
    parse_notification,
)


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("description", [None, "", "no room [5 MB]!"])
def test_a_notification_is_read_back(event: Event, description: str | None) -> None:
    sent = NotificationRequest(notification_id="n", event=event, event_description=description)
    assert parse_notification(json.dumps(sent.to_json() | {"new": 1}).encode()) == sent


@pytest.mark.parametrize(
    "change",
    [
        {"notification_id": None},
        {"notification_id": ""},
        {"notification_id": 5},
        {"notification_id": "n" * 257},
        {"event": None},
        {"event": "Credential_Accepted"},
        {"event": "credential_lost"},
        {"event_description": 5},
        {"event_description": 'a "quote"'},
        {"event_description": "비밀"},
        {"event_description": "line\n"},
        {"event_description": "x" * 1001},
    ],
    ids=str,
)
def test_a_bad_notification_is_refused(change: dict[str, object]) -> None:
    sent = {"notification_id": "n", "event": "credential_accepted"} | change
    kept = {name: value for name, value in sent.items() if value is not None}
    with pytest.raises(CredentialError) as refusal:
        parse_notification(json.dumps(kept).encode())
    assert refusal.value.code == "invalid_notification_request"


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused_by_the_family(data: bytes) -> None:
    with contextlib.suppress(CredentialError):
        parse_notification(data)

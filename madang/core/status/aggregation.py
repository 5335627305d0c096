"""Status List Aggregation: where all lists of an issuer are (draft-ietf-oauth-status-list, 9.3)."""

from collections.abc import Sequence
from typing import Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.status.errors import StatusError

MEDIA_TYPE: Final = "application/json"
MAX_BYTES = 1_000_000
MAX_LISTS = 10_000


def encode(uris: Sequence[str]) -> str:
    """Return the document that names the lists at these addresses."""
    return strict_json.dumps({"status_lists": list(uris)})


def parse(
    data: bytes | str, *, max_bytes: int = MAX_BYTES, max_lists: int = MAX_LISTS
) -> tuple[str, ...]:
    """Return the addresses in a document; whoever fetches them goes on past one that fails.

    Raises:
        StatusError: status_aggregation_malformed, or status_aggregation_too_large for more than
            `max_bytes` or `max_lists`.
    """
    if len(data) > max_bytes:
        raise StatusError("status_aggregation_too_large", f"more than {max_bytes} bytes")
    try:
        value = strict_json.loads(data, max_bytes=max_bytes)
    except EncodingError as error:
        raise StatusError("status_aggregation_malformed", str(error)) from error
    uris = value.get("status_lists") if isinstance(value, dict) else None
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        told = "an object with status_lists, an array of text, was expected"
        raise StatusError("status_aggregation_malformed", told)
    if len(uris) > max_lists:
        raise StatusError("status_aggregation_too_large", f"more than {max_lists} lists")
    return tuple(uris)

"""What an agency asks, and a question that it keeps."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from madang.core.protocol.message import Array, Message

_SHORT, _LONG = 100, 2_000


class Wish(Message):
    """The body of `POST …/api/requests`; what is left out is as the settings and HAIP have it.

    Attributes:
        purpose: a registered purpose; left out to ask outside the registry.
        dcql_query: DCQL query; left out to ask everything that the purpose lists.
        response_mode: how the answer comes back (OpenID4VP 1.0 sections 8.2, 8.3, appendix A).
        client_id_prefix: how the municipality names itself (section 5.9.3).
        request: whether the link holds the request or says where it is.
        request_uri_method: how a wallet fetches it (section 5.10).
        transaction_data: what the holder is to authorize, as JSON objects (section 8.4).
        return_to: where the holder's browser goes after an answer on the same device.
    """

    purpose: Annotated[str, Field(max_length=_SHORT)] = ""
    dcql_query: dict[str, JsonValue] | None = None
    response_mode: Literal["direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt"] = (
        "direct_post.jwt"
    )
    client_id_prefix: Annotated[str, Field(max_length=_SHORT)] = ""
    request: Literal["reference", "value"] = "reference"
    request_uri_method: Literal["get", "post"] = "get"
    transaction_data: Array[dict[str, JsonValue]] = ()
    return_to: Annotated[str, Field(max_length=_LONG)] = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A query that an agency composed and keeps.

    Attributes:
        id: opaque.
        tenant: the municipality.
        name: what the agency calls it.
        draft: what was chosen on the page, as JSON; the query follows from it.
        changed_at: seconds since 1970.
    """

    id: str
    tenant: str
    name: str
    draft: dict[str, Any]
    changed_at: int

"""What is sent to the wallet's own HTTP surface."""

from typing import Any

from fastapi import Request

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from mobile_stub.errors import WalletError


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body, an empty object where there is none; WalletError if it is another."""
    try:
        value = strict_json.loads(await request.body() or b"{}")
    except EncodingError as error:
        raise WalletError("invalid_request", str(error)) from error
    if not isinstance(value, dict):
        raise WalletError("invalid_request", "a JSON object was expected")
    return value

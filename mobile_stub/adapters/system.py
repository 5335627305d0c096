"""Clock and chance of the device."""

import secrets
import time

from madang.core.encoding import base64url


def now() -> int:
    """Return whole seconds since the epoch."""
    return int(time.time())  # noqa: TID251 - the wallet's own clock is read here


def token(size: int = 16) -> str:
    """Return base64url text of `size` bytes that nobody can guess."""
    return base64url.encode(secrets.token_bytes(size))

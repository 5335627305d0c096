"""Claims that a provider tells at its userinfo endpoint alone (OpenID Connect Core 1.0 5.3)."""

from collections.abc import Mapping
from typing import Final

from madang.core.encoding.strict_json import Json
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import load
from madang.core.protocol.openid.errors import OpenIdError

MEDIA_TYPE: Final = "application/json"


def parse_userinfo(
    data: bytes, media_type: str, subject: Json, *, limits: Limits = DEFAULT_LIMITS
) -> Mapping[str, Json]:
    """Read what the userinfo endpoint answered.

    Args:
        data: the body.
        media_type: what it is said to be; signed and encrypted answers are not asked for.
        subject: ``sub`` of the ID token. Claims of anybody else must not be used (section 5.3.2).
        limits: bounds on size and nesting.

    Raises:
        OpenIdError: ``userinfo_form`` or ``userinfo_subject``.
    """
    if media_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise _form(f"{MEDIA_TYPE} was expected")
    found = load(data, limits.body_bytes, limits, _form)
    if not isinstance(found, dict):
        raise _form("a JSON object was expected")
    if not isinstance(subject, str) or found.get("sub") != subject:
        raise OpenIdError("userinfo_subject", "sub should be that of the ID token")
    return found


def _form(reason: str) -> OpenIdError:
    return OpenIdError("userinfo_form", reason)

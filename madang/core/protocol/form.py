"""Form bodies and query strings: each parameter at most once (RFC 6749 sections 3.1 and 3.2)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote_plus

from madang.core.protocol.limits import Limits
from madang.core.protocol.message import Refusal


def parse_form(body: bytes | str, *, limits: Limits, refuse: Refusal) -> dict[str, str]:
    """Read ``application/x-www-form-urlencoded`` parameters.

    Args:
        body: the request body, or the query part of a link.
        limits: bounds on size and number of parameters.
        refuse: makes the error to raise out of a reason.

    Returns:
        The parameters; one without a value counts as left out.
    """
    if len(body) > limits.body_bytes:
        raise refuse(f"the form has {len(body)} bytes; at most {limits.body_bytes} are accepted")
    pairs = _pairs(body, limits, refuse)
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise refuse(f"the parameter {name[:40]!r} came more than once; send it once")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def _pairs(body: bytes | str, limits: Limits, refuse: Refusal) -> list[tuple[str, str]]:
    try:
        # Text may hold a lone surrogate, which has no UTF-8 form and could not be written again.
        raw = body if isinstance(body, bytes) else body.encode("utf-8")
        return parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=limits.form_parameters,
        )
    except ValueError:
        detail = f"expected at most {limits.form_parameters} parameters name=value in UTF-8"
        raise refuse(f"the form cannot be read; {detail}, joined by &") from None


def encode_form(parameters: Mapping[str, str | None]) -> str:
    """Write parameters as a form body or query string; those without a value are left out."""
    return "&".join(
        [
            f"{quote_plus(name)}={quote_plus(value)}"
            for name, value in parameters.items()
            if value is not None
        ]
    )

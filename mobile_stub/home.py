"""The wallet's one page: what is held, who has seen what; plain, in three languages."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

from madang.core.encoding import strict_json
from madang.core.formats.identifiers import MSO_MDOC
from mobile_stub.held import claims_of, expires_at
from mobile_stub.model import HeldCopy

_ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def home_page(copies: Sequence[HeldCopy], history: Sequence[dict[str, Any]], language: str) -> str:
    """Return the page as HTML; an unknown language is Korean."""
    folder = resources.files("mobile_stub")
    texts = strict_json.loads(folder.joinpath("texts", "home.json").read_bytes())
    known = language if language in texts else "ko"
    template = folder.joinpath("pages", "home.html").read_text("utf-8")
    return _ENVIRONMENT.from_string(template).render(
        t=texts[known],
        language=known,
        languages={code: each["language"] for code, each in texts.items()},
        certificates=[_card(copy, copies, known) for copy in copies if copy.number == 0],
        history=[{**entry, "day": _day(entry["at"])} for entry in history],
    )


def _card(copy: HeldCopy, copies: Sequence[HeldCopy], language: str) -> dict[str, Any]:
    until = expires_at(copy)
    of_type = [other for other in copies if other.certificate == copy.certificate]
    return {
        "name": copy.names.get(language, copy.type),
        "attested_by": _attester(copy),
        "until": "" if until is None else _day(until),
        "copies": len(of_type),
        "receipts": sum(other.receipt is not None for other in of_type),
    }


def _attester(copy: HeldCopy) -> str:
    """Return whom a copy names as its attester, in any name space; the issuer where it does not."""
    claims = claims_of(copy)
    places = claims.values() if copy.format == MSO_MDOC else (claims,)
    return next((str(each["attested_by"]) for each in places if "attested_by" in each), copy.issuer)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()

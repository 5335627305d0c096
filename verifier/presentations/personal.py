"""What of a question may be of somebody: the values that a claim is to have."""

from typing import Any, Final

from madang.core.encoding import strict_json

_NAMED: Final = '"values"'


def may_name_values(query: str) -> bool:
    """Tell whether a query may be of somebody: then nothing in this process keeps it for later.

    Args:
        query: as JSON text of ours, in which no letter is escaped.
    """
    return _NAMED in query


def without_values(query: str) -> str:
    """Return a DCQL query that asks the same claims, whatever their values (section 6.3).

    Args:
        query: as JSON text that was read before; returned as it is where it names no values.
    """
    if not may_name_values(query):
        return query
    asked: Any = strict_json.loads(query)
    claims = [claim for each in asked["credentials"] for claim in each.get("claims") or ()]
    named = [claim for claim in claims if claim.pop("values", None) is not None]
    return strict_json.dumps(asked) if named else query

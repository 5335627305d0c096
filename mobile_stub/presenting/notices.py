"""What the person is told of a verifier that no registry knows, in three languages."""

from functools import cache
from importlib import resources

from madang.core.encoding import strict_json


def notice(standing: str) -> dict[str, str]:
    """Return the texts by language; none for a registered verifier."""
    return dict(_texts().get(standing, {}))


@cache
def _texts() -> dict[str, dict[str, str]]:
    file = resources.files("mobile_stub").joinpath("texts", "standing.json")
    found: dict[str, dict[str, str]] = strict_json.loads(file.read_bytes())
    return found

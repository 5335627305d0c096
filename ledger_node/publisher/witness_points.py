"""Which witnesses a log has, from the settings and the keys that are known."""

from collections.abc import Iterable, Mapping

from ledger_node.publisher.model import WitnessKeyError
from ledger_node.publisher.witnessing import WitnessPoint
from madang.core.merkle.cosignature import CosignerKey


def witness_points(
    urls: Iterable[str], keys: Mapping[str, CosignerKey], owner: str, quorum: int
) -> tuple[WitnessPoint, ...]:
    """Return the witnesses of a log: all that are named, but that of the log's own municipality.

    Args:
        urls: identifiers of the witnesses.
        keys: of all witnesses that are known, by whose they are.
        owner: the municipality whose log it is.
        quorum: how many have to sign.

    Raises:
        WitnessKeyError: a witness without a key, one key under two names, or fewer than the quorum.
    """
    names = {key.name: whose for whose, key in keys.items()}
    points = []
    for url in dict.fromkeys(each.rstrip("/") for each in urls):
        name = url.partition("://")[2]
        if name not in names:
            known = ", ".join(sorted(names)) or "none"
            raise WitnessKeyError(
                f"MADANG_WITNESSES names {url}, whose key is not in trust/witnesses; known are"
                f" {known}"
            )
        if names[name] != owner:
            points.append(WitnessPoint(url, keys[names[name]]))
    if len({point.key.public_key for point in points}) < len(points):
        # A line of Ed25519 does not cover its name: one witness would count twice.
        raise WitnessKeyError("a key in trust/witnesses stands under two names; each has its own")
    if len(points) < quorum:
        raise WitnessKeyError(
            f"MADANG_WITNESS_QUORUM is {quorum}, and the log of {owner} has {len(points)} witnesses"
        )
    return tuple(points)

"""What is kept about keys: rings, and secrets under two passphrases."""

from itertools import pairwise

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.life import LifeError
from madang.core.keys.ring import Ring
from madang.core.keys.split import Passphrases, SplitError, seal, unseal
from tests.fuzz.harness import chunks, harness, text
from tests.fuzz.world import NOW

COST = 2
CONTEXT = b"a test"


@harness(EncodingError, LifeError)
def key_ring(data: bytes) -> None:
    ring = Ring.from_json(strict_json.loads(data))
    assert Ring.from_json(ring.to_json()) == ring
    assert all(one.at <= other.at for one, other in pairwise(ring.taken(NOW)))
    ring.active(NOW)


@harness(SplitError)
def sealed_secret(data: bytes) -> None:
    first, second, sealed, *_ = [*chunks(data), b"", b"", b""]
    both = Passphrases(text(first), text(second))
    secret = unseal(sealed, both, context=CONTEXT, n=COST)
    assert seal(secret, both, chance=sealed[:44], context=CONTEXT, n=COST) == sealed

"""Who calls, and which keys are proved in the call."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from madang.core.keys.jwk import ES256, PublicKey
from madang.core.protocol.typed_jwt import Window
from madang.core.protocol.wallet_provider import INSTANCE_PROOF, KEY_PROOF, check_proof
from wallet_api.provider.model import invalid_nonce, invalid_proof


@dataclass(frozen=True, slots=True)
class Proved:
    """What the proofs of one call say.

    Attributes:
        instance: the key of the instance.
        keys: those to attest, in the order of their proofs.
        nonce: the one nonce of all of them; the caller uses it up.
    """

    instance: PublicKey
    keys: tuple[PublicKey, ...]
    nonce: str


def check_proofs(proof: str, key_proofs: Iterable[str], *, endpoint: str, window: Window) -> Proved:
    """Check every proof of a call.

    Args:
        proof: by the key of the instance.
        key_proofs: by keys to attest.
        endpoint: the address that was called.
        window: when proofs count.

    Raises:
        ProviderRefused: invalid_proof; invalid_nonce when they have different ones.
    """
    check = partial(check_proof, endpoint=endpoint, window=window, refuse=invalid_proof)
    first = check(proof, INSTANCE_PROOF)
    others = [check(each, KEY_PROOF) for each in key_proofs]
    if {each.nonce for each in others} - {first.nonce}:
        raise invalid_nonce()
    keys = tuple(each.key for each in others)
    _check_keys(first.key, keys)
    return Proved(first.key, keys, first.nonce or "")


def _check_keys(instance: PublicKey, keys: tuple[PublicKey, ...]) -> None:
    every = (instance, *keys)
    if any(key.algorithm != ES256 for key in every):
        raise invalid_proof("the key of a proof should be on P-256")
    if len({key.thumbprint() for key in every}) != len(every):
        raise invalid_proof(
            "every key is proved once, and the key of the instance is never attested itself"
        )

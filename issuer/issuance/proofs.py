"""The key proofs of one request: each holds, all with one nonce, no key twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from issuer.issuance.model import invalid_nonce
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.oid4vci.errors import invalid_proof
from madang.core.protocol.oid4vci.proof import check_proof_jwt


@dataclass(frozen=True, slots=True)
class ProofPolicy:
    """For whom proofs have to be, and how old they may be in seconds."""

    audience: str
    max_age: int
    max_skew: int


@dataclass(frozen=True, slots=True)
class ProvedKeys:
    """Holder keys whose possession was proved.

    Attributes:
        by_thumbprint: keys in the order of their proofs.
        nonce: the one in all proofs, to be consumed.
    """

    by_thumbprint: dict[str, PublicKey]
    nonce: str

    @property
    def thumbprints(self) -> tuple[str, ...]:
        """Return the thumbprints in the order of the proofs."""
        return tuple(self.by_thumbprint)


def check_proofs(proofs: Sequence[Any], policy: ProofPolicy, *, now: int) -> ProvedKeys:
    """Check all key proofs of a request (OpenID4VCI 1.0 appendix F.4).

    Raises:
        CredentialError: invalid_proof, or invalid_nonce where the nonces differ.
    """
    checked = [
        check_proof_jwt(
            proof,
            audience=policy.audience,
            now=now,
            max_age=policy.max_age,
            max_skew=policy.max_skew,
        )
        for proof in proofs
    ]
    keys = {each.key.thumbprint(): each.key for each in checked}
    if len(keys) < len(checked):
        raise invalid_proof("every key proof needs a key of its own")
    nonces = {each.nonce for each in checked}
    nonce = nonces.pop()
    if nonces or nonce is None:
        raise invalid_nonce()
    return ProvedKeys(keys, nonce)

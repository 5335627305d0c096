"""What Ethereum's proofs are made with and core does not bring along; handed in by the caller."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Primitives:
    """The two functions.

    Attributes:
        keccak: Keccak-256 as Ethereum has it (before SHA-3's padding), 32 bytes.
        recover: from a secp256k1 signature r || s || v (65 bytes, v 0 or 1) and a digest of 32
            bytes to the public key x || y (64 bytes); None when there is none.
    """

    keccak: Callable[[bytes], bytes]
    recover: Callable[[bytes, bytes], bytes | None]

    def signer(self, signature: bytes, digest: bytes) -> bytes | None:
        """Return the address, 20 bytes, of the key that signed a digest."""
        key = self.recover(signature, digest)
        return None if key is None else self.keccak(key)[12:]

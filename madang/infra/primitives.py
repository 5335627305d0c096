"""Keccak-256 and secp256k1 for the proofs of Ethereum, from the packages that come with web3."""

from coincurve import PublicKey
from eth_utils.crypto import keccak

from madang.core.evidence.primitives import Primitives

_FORMAT_BYTE = 1


def _keccak(data: bytes) -> bytes:
    return bytes(keccak(data))


def _recover(signature: bytes, digest: bytes) -> bytes | None:
    try:
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError:
        return None
    return key.format(compressed=False)[_FORMAT_BYTE:]


PRIMITIVES = Primitives(_keccak, _recover)

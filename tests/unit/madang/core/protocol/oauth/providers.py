"""A wallet provider with a certificate below a root."""

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.keys.software import SoftwareSigner
from madang.infra import ca

NOW = 1_800_000_000


class Provider:
    """Signs client attestations; `anchor` is what a server configures."""

    def __init__(self, name: str = "wallet provider", now: int = NOW) -> None:
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = ca.root(root_key, f"{name} root", now=now)
        leaf = ca.leaf(root, key.public_key(), name, uri="https://w.example", dns="w", now=now)
        self.anchor = root.der
        self.signer = SoftwareSigner(key, "provider-1", (leaf,))
        self.self_signed = SoftwareSigner(root_key, "root", (root.der,))

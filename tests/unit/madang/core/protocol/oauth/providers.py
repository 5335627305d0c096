"""A wallet provider with a certificate below a root."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.keys.software import SoftwareSigner
from madang.infra import ca

NOW = 1_800_000_000


class Provider:
    """Signs client attestations; `anchor` is what a server configures."""

    def __init__(self, name: str = "wallet provider", now: int = NOW) -> None:
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._root, self._now = ca.root(root_key, f"{name} root", now=now), now
        self.anchor = self._root.der
        self.signer = self.by(SoftwareSigner(key, "provider-1"))
        self.self_signed = SoftwareSigner(root_key, "root", (self.anchor,))

    def by(self, key: SoftwareSigner) -> SoftwareSigner:
        """Return a key of any kind with a certificate below the root."""
        native: Any = key.public_key.native
        leaf = ca.leaf(self._root, native, "leaf", uri="https://w.example", dns="w", now=self._now)
        return SoftwareSigner(key._private_key, key.key_id, (leaf,))

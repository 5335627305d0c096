"""Certifies the services' keys below a municipality's root, as far as this house keeps one.

The authority below the root stays in the key files with its certificate, so that a new key is
certified without the root. A root of a key ceremony is not here; one for development is.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from madang.infra import ca
from madang.infra.files import EVERYBODY, write_whole
from madang.infra.keystore import Keystore, KeystoreError
from madang.infra.tenancy import Addresses, Tenant

ACCREDITATIONS: Final = "accreditations"
WALLET_PROVIDER: Final = "wallet-provider"
KEY_ATTESTATION: Final = "key-attestation"
CERTIFIED: Final = ("issuer", "verifier", ACCREDITATIONS, WALLET_PROVIDER, KEY_ATTESTATION)
"""Purposes of keys that have a chain: a service's own, that of the log's snapshots, and those of
the wallet provider."""
_SERVICES: Final = {ACCREDITATIONS: "log", WALLET_PROVIDER: "wallet", KEY_ATTESTATION: "wallet"}
ROOT: Final = "ca-root"
BELOW: Final = "ca-intermediate"


def certified_identifier(addresses: Addresses, tenant: str, purpose: str) -> str:
    """Return what the certificate of a purpose of `CERTIFIED` names."""
    return addresses.identifier(tenant, _SERVICES.get(purpose, purpose))


@dataclass(frozen=True, slots=True)
class Certifier:
    """Makes keys and their chains.

    Attributes:
        keys: of this installation.
        anchors: folder of the municipalities' roots.
        addresses: identifiers that certificates name.
    """

    keys: Keystore
    anchors: Path
    addresses: Addresses

    def certify(self, tenant: Tenant, purpose: str, name: str, *, now: int) -> None:
        """Make the key of this name, and its chain, if they are missing.

        Args:
            tenant: whose.
            purpose: one of `CERTIFIED`.
            name: of the key: the purpose, or a later version of it.
            now: epoch seconds.

        Raises:
            KeystoreError: the authority is at its end and its root is not here.
        """
        if self.keys.chain(tenant.id, name):
            return
        below = self._below(tenant, now)
        identifier = certified_identifier(self.addresses, tenant.id, purpose)
        leaf = ca.leaf(
            below,
            self._public(tenant.id, name),
            f"{tenant.names['en']} {purpose}",
            uri=identifier,
            dns=urlsplit(identifier).hostname or tenant.host,
            now=now,
        )
        self.keys.keep_chain(tenant.id, name, (leaf, below.der))

    def _below(self, tenant: Tenant, now: int) -> ca.Authority:
        """Return the authority that certifies services, made anew when a leaf would outlive it."""
        needed = datetime.fromtimestamp(now, UTC) + timedelta(days=ca.LEAF_DAYS)
        for der in self._kept(tenant.id):
            certificate = x509.load_der_x509_certificate(der)
            if certificate.not_valid_after_utc >= needed:
                return ca.Authority(self.private(tenant.id, BELOW), certificate)
        root = self._root(tenant, now)
        below = ca.intermediate(
            root, self.private(tenant.id, BELOW), f"{tenant.names['en']} services", now=now
        )
        self.keys.keep_chain(tenant.id, BELOW, (below.der,))
        return below

    def _kept(self, tenant: str) -> tuple[bytes, ...]:
        """Return the authority's certificate; folders of the first days have it in chains alone."""
        for name in (BELOW, *CERTIFIED):
            chain = self.keys.chain(tenant, name)
            if chain:
                return chain[-1:]
        return ()

    def _root(self, tenant: Tenant, now: int) -> ca.Authority:
        """Return the root for development, with its certificate made anew."""
        folder = self.anchors / tenant.id
        if not self.keys.exists(tenant.id, ROOT) and any(folder.glob("*.der")):
            raise KeystoreError(
                f"the authority of {tenant.id} below its root ends too early, and the root is not"
                " here; two officers certify it anew by"
                f" `madang ceremony --tenant {tenant.id} --renew`"
            )
        name = f"{tenant.names['en']} root"
        root = ca.root(self.private(tenant.id, ROOT), name, now=now)
        # The anchor comes first: a chain without one would be refused for ever.
        write_whole(folder / f"{now}.der", root.der, EVERYBODY)
        return root

    def private(self, tenant: str, name: str) -> ec.EllipticCurvePrivateKey:
        """Return an authority's key, made if it is missing; KeystoreError if it is not P-256."""
        if not self.keys.exists(tenant, name):
            self.keys.create_p256(tenant, name)
        key = self.keys.private_key(tenant, name)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeystoreError(f"the key {tenant}/{name} is not P-256")
        return key

    def _public(self, tenant: str, name: str) -> ec.EllipticCurvePublicKey:
        if not self.keys.exists(tenant, name):
            self.keys.create_p256(tenant, name)
        native = self.keys.signer(tenant, name).public_key.native
        if not isinstance(native, ec.EllipticCurvePublicKey):
            raise KeystoreError(f"the key {tenant}/{name} is not P-256")
        return native

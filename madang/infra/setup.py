"""Everything a fresh state folder needs, made once: keys, chains, anchors, public keys.

Nothing that exists is changed, so this runs before every start.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import strict_json
from madang.core.merkle.note import VerifierKey
from madang.infra import ca
from madang.infra.clock import Clock
from madang.infra.files import EVERYBODY, write_whole
from madang.infra.hsm import HsmKeys, open_token
from madang.infra.keystore import Keystore, KeystoreError
from madang.infra.settings import CommonSettings
from madang.infra.tenancy import Addresses, Tenant, Tenants

CERTIFIED: Final = ("issuer", "verifier")
CALLERS: Final = ("issuer", "verifier", "counter")


@dataclass(frozen=True, slots=True)
class StateFolders:
    """Where things are in the state folder."""

    state: Path

    @property
    def keys(self) -> Path:
        """Return the folder of the encrypted private keys."""
        return self.state / "keys"

    @property
    def anchors(self) -> Path:
        """Return the folder of the municipalities' roots."""
        return self.state / "trust" / "anchors"

    @property
    def services(self) -> Path:
        """Return the folder of the services' public keys."""
        return self.state / "trust" / "services"

    @property
    def log_keys(self) -> Path:
        """Return the folder of the logs' verifier keys, one text file each."""
        return self.state / "trust" / "logs"


def keystore(settings: CommonSettings) -> Keystore:
    """Return the keys of this installation; KeystoreError if no passphrase is set."""
    passphrase = settings.key_passphrase.get_secret_value()
    if not passphrase:
        raise KeystoreError("MADANG_KEY_PASSPHRASE is empty; keys need one that is not")
    return Keystore(StateFolders(settings.state_dir).keys, passphrase, _hardware(settings))


def _hardware(settings: CommonSettings) -> HsmKeys | None:
    if settings.pkcs11_module is None:
        return None
    pin = settings.pkcs11_pin.get_secret_value()
    token = open_token(settings.pkcs11_module, settings.pkcs11_token, pin)
    return HsmKeys(token, settings.pkcs11_purposes)


def prepare_state(
    settings: CommonSettings, tenants: Tenants, addresses: Addresses, clock: Clock
) -> None:
    """Make what is missing.

    Raises:
        KeystoreError: a key exists and does not open with this passphrase, or there is none.
    """
    keys, folders = keystore(settings), StateFolders(settings.state_dir)
    for tenant in tenants:
        _certify(keys, folders, tenant, addresses, clock.now())
        for service in CALLERS:
            _service_key(keys, folders, tenant.id, addresses.identifier(tenant.id, service))
        _log_key(keys, folders, tenant.id, addresses.log_origin(tenant.id))
        if not keys.exists(tenant.id, "chain"):
            keys.create_secp256k1(tenant.id, "chain")


def _certify(
    keys: Keystore, folders: StateFolders, tenant: Tenant, addresses: Addresses, now: int
) -> None:
    """Make the services' signing keys and their chains below a root of the municipality."""
    missing = [purpose for purpose in CERTIFIED if not keys.chain(tenant.id, purpose)]
    if not missing:
        return
    name = tenant.names["en"]
    root = ca.root(_p256(keys, tenant.id, "ca-root"), f"{name} root", now=now)
    # The anchor comes first: a chain without one would be refused for ever.
    anchor = folders.anchors / tenant.id / f"{now}.der"
    write_whole(anchor, root.der, EVERYBODY)
    below = ca.intermediate(
        root, _p256(keys, tenant.id, "ca-intermediate"), f"{name} services", now=now
    )
    for purpose in missing:
        identifier = addresses.identifier(tenant.id, purpose)
        leaf = ca.leaf(
            below,
            _public_p256(keys, tenant.id, purpose),
            f"{name} {purpose}",
            uri=identifier,
            dns=urlsplit(identifier).hostname or tenant.host,
            now=now,
        )
        keys.keep_chain(tenant.id, purpose, (leaf, below.der))


def _p256(keys: Keystore, tenant: str, purpose: str) -> ec.EllipticCurvePrivateKey:
    if not keys.exists(tenant, purpose):
        keys.create_p256(tenant, purpose)
    key = keys.private_key(tenant, purpose)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the key {tenant}/{purpose} is not P-256")
    return key


def _public_p256(keys: Keystore, tenant: str, purpose: str) -> ec.EllipticCurvePublicKey:
    if not keys.exists(tenant, purpose):
        keys.create_p256(tenant, purpose)
    native = keys.signer(tenant, purpose).public_key.native
    if not isinstance(native, ec.EllipticCurvePublicKey):
        raise TypeError(f"the key {tenant}/{purpose} is not P-256")
    return native


def _service_key(keys: Keystore, folders: StateFolders, tenant: str, identifier: str) -> None:
    service = identifier.rsplit("/", 1)[1]
    purpose = f"service-{service}"
    if not keys.exists(tenant, purpose):
        keys.create_p256(tenant, purpose)
    jwk = keys.signer(tenant, purpose).public_key.to_jwk()
    content = strict_json.dumps({"issuer": identifier, "jwk": jwk})
    _keep(folders.services / f"{tenant}-{service}.json", content)


def _log_key(keys: Keystore, folders: StateFolders, tenant: str, origin: str) -> None:
    if not keys.exists(tenant, "log"):
        keys.create_ed25519(tenant, "log")
    key = VerifierKey.of(origin, keys.signer(tenant, "log"))
    _keep(folders.log_keys / f"{tenant}.vkey", key.encode())


def _keep(path: Path, content: str) -> None:
    if not path.exists():
        write_whole(path, content.encode(), EVERYBODY)

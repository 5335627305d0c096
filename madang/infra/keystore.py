"""Private keys in encrypted files, one a key: PKCS#8 under a passphrase, with their certificates.

The passphrase is stretched once for all keys (scrypt), so that a service with many keys starts
quickly; each file is then encrypted by AES-256-GCM under its own nonce. Keys of some purposes may
live in a hardware module instead; their certificates are files all the same.
"""

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.keys.software import PrivateKey, SoftwareSigner
from madang.infra.files import write_whole
from madang.infra.given_keys import GivenKeys
from madang.infra.hsm import HsmKeys

SCRYPT_N: Final = 2**15
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
_SECP256K1_BYTES = 32
_LEAF: Final = "0.der"


class KeystoreError(RuntimeError):
    """A key is missing or cannot be opened; the message says which file and what to do."""


@dataclass(frozen=True)
class Keystore:
    """Keys under one folder: `<folder>/<tenant>/<purpose>.key`, beside `<purpose>.chain/`.

    Attributes:
        folder: where the files are.
        passphrase: opens them all.
        hardware: where new keys of its purposes are made; files that were there before count on.
        given: keys from elsewhere, which go before those of the same name here.
    """

    folder: Path
    passphrase: str = field(repr=False)
    hardware: HsmKeys | None = None
    given: GivenKeys = field(default_factory=lambda: GivenKeys({}))
    _signers: dict[tuple[str, str], Signer] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def exists(self, tenant: str, purpose: str) -> bool:
        """Tell whether there is a key for this purpose."""
        if self.given.signer(tenant, purpose):
            return True
        if self._path(tenant, purpose).is_file():
            return True
        return self.hardware is not None and self.hardware.exists(tenant, purpose)

    def create_p256(self, tenant: str, purpose: str) -> Signer:
        """Make and keep a P-256 key; KeystoreError or HsmError if there is one already."""
        if self.hardware is not None and self.hardware.makes(purpose):
            self.hardware.create_p256(tenant, purpose)
            return self.signer(tenant, purpose)
        return self._create(tenant, purpose, ec.generate_private_key(ec.SECP256R1()))

    def create_ed25519(self, tenant: str, purpose: str) -> Signer:
        """Make and keep an Ed25519 key; KeystoreError if there is one already."""
        return self._create(tenant, purpose, ed25519.Ed25519PrivateKey.generate())

    def create_ml_dsa_44(self, tenant: str, purpose: str) -> Signer:
        """Make and keep an ML-DSA-44 key; KeystoreError if there is one already."""
        return self._create(tenant, purpose, mldsa.MLDSA44PrivateKey.generate())

    def _create(self, tenant: str, purpose: str, key: PrivateKey) -> Signer:
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._write(self._path(tenant, purpose), der)
        return self.signer(tenant, purpose)

    def create_secp256k1(self, tenant: str, purpose: str) -> bytes:
        """Make and keep a key for a chain account; return its 32 bytes."""
        number = ec.generate_private_key(ec.SECP256K1()).private_numbers().private_value
        self._write(self._path(tenant, purpose), number.to_bytes(_SECP256K1_BYTES, "big"))
        return self.secret(tenant, purpose)

    def secret(self, tenant: str, purpose: str) -> bytes:
        """Return the decrypted content of a key file; KeystoreError if that cannot be."""
        path = self._path(tenant, purpose)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise KeystoreError(
                f"no key at {path}; `madang prepare` makes what is missing"
            ) from error
        nonce, sealed = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
        try:
            return AESGCM(self._stretched).decrypt(nonce, sealed, path.name.encode())
        except (InvalidTag, ValueError) as error:  # the latter: shorter than a nonce
            raise KeystoreError(
                f"the key at {path} does not open; MADANG_KEY_PASSPHRASE must be the one"
                " with which it was made, and the file as it was then"
            ) from error

    def signer(self, tenant: str, purpose: str) -> Signer:
        """Return the signer with its certificates, leaf first; its key id is the thumbprint.

        It is read once: a key that was exchanged counts from the next start.
        """
        known = self._signers.get((tenant, purpose))
        if known is None:
            known = self._signers[tenant, purpose] = self._read_signer(tenant, purpose)
        return known

    def _read_signer(self, tenant: str, purpose: str) -> Signer:
        given = self.given.signer(tenant, purpose)
        if given:
            return given
        in_file = self._path(tenant, purpose).is_file()
        if self.hardware is not None and self.hardware.makes(purpose) and not in_file:
            return self.hardware.signer(tenant, purpose, self.chain(tenant, purpose))
        key = self.private_key(tenant, purpose)
        key_id = PublicKey.from_native(key.public_key()).thumbprint()
        return SoftwareSigner(key, key_id, self.chain(tenant, purpose))

    def private_key(self, tenant: str, purpose: str) -> PrivateKey:
        """Return the key itself, for a certification authority's signatures."""
        wrong = f"the key at {self._path(tenant, purpose)} is of no kind that signs here"
        try:
            key = load_der_private_key(self.secret(tenant, purpose), None)
        except ValueError as error:
            raise KeystoreError(wrong) from error
        if not isinstance(key, PrivateKey):
            raise KeystoreError(wrong)
        return key

    def chain(self, tenant: str, purpose: str) -> tuple[bytes, ...]:
        """Return the key's certificates in DER, leaf first, root left out; often none."""
        given = self.given.signer(tenant, purpose)
        if given:
            return given.certificate_chain
        folder = self._path(tenant, purpose).with_suffix(".chain")
        if not (folder / _LEAF).is_file():
            return ()
        return tuple(path.read_bytes() for path in sorted(folder.glob("*.der")))

    def keep_chain(self, tenant: str, purpose: str, chain: tuple[bytes, ...]) -> None:
        """Keep certificates beside a key, leaf first."""
        self._signers.pop((tenant, purpose), None)
        folder = self._path(tenant, purpose).with_suffix(".chain")
        # The leaf goes first and comes last: what was interrupted counts as no chain at all.
        for old in sorted(folder.glob("*.der")):
            old.unlink()
        for number, der in reversed(tuple(enumerate(chain))):
            write_whole(folder / f"{number}.der", der)

    def _path(self, tenant: str, purpose: str) -> Path:
        return self.folder / tenant / f"{purpose}.key"

    @cached_property
    def _stretched(self) -> bytes:
        salt_path = self.folder / "salt"
        try:
            salt = salt_path.read_bytes()
        except OSError as error:
            raise KeystoreError(
                f"no salt at {salt_path}, without which no key opens; restore the file"
                " that was kept with these keys"
            ) from error
        scrypt = Scrypt(salt=salt, length=_KEY_BYTES, n=SCRYPT_N, r=8, p=1)
        return scrypt.derive(self.passphrase.encode())

    def _write(self, path: Path, secret: bytes) -> None:
        if path.exists():
            raise KeystoreError(f"there is a key at {path} already; it is never overwritten")
        others = sorted(self.folder.glob("*/*.key"))
        if others:
            # A key under a mistyped passphrase would be announced, and open for nobody else.
            self.secret(others[0].parent.name, others[0].stem)
        elif not (self.folder / "salt").exists():
            write_whole(self.folder / "salt", secrets.token_bytes(_SALT_BYTES))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        write_whole(
            path, nonce + AESGCM(self._stretched).encrypt(nonce, secret, path.name.encode())
        )

"""Signing keys that were made elsewhere, with their chains, from files that the settings name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import SoftwareSigner
from madang.core.trust.x509 import ChainError, reading
from madang.infra.anchors import AnchorsError, read_certificates
from madang.infra.settings import SigningKey


class GivenKeyError(RuntimeError):
    """A key from elsewhere cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True)
class GivenKeys:
    """The keys that `MADANG_SIGNING_KEYS` names.

    Attributes:
        files: by "<tenant>/<name>", as keys are called in the key store.
    """

    files: Mapping[str, SigningKey]

    def signer(self, tenant: str, name: str) -> SoftwareSigner | None:
        """Return the signer with its chain, leaf first; None when none is named."""
        return self._signers.get(f"{tenant}/{name}")

    @cached_property
    def _signers(self) -> dict[str, SoftwareSigner]:
        return {name: _signer(name, files) for name, files in self.files.items()}

    def check(self) -> None:
        """Read them all; GivenKeyError for the first that cannot be used."""
        _ = self._signers


def _signer(name: str, files: SigningKey) -> SoftwareSigner:
    key = _key(name, files.key)
    try:
        chain = read_certificates(files.chain)
    except AnchorsError as error:
        raise GivenKeyError(f"MADANG_SIGNING_KEYS, {name}: {error}") from error
    public = PublicKey.from_native(key.public_key())
    try:
        with reading():
            _check_chain(chain, key.public_key())
    except ChainError as error:
        raise GivenKeyError(f"MADANG_SIGNING_KEYS, {name}: {files.chain}: {error}") from error
    return SoftwareSigner(key, public.thumbprint(), chain)


def _key(name: str, path: Path) -> ec.EllipticCurvePrivateKey:
    wrong = (
        f"MADANG_SIGNING_KEYS, {name}: {path} holds no P-256 private key; expected is PEM, PKCS#8"
        " or SEC 1, not encrypted"
    )
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise GivenKeyError(
            f"MADANG_SIGNING_KEYS, {name}: {path} cannot be read: {error.strerror}"
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise GivenKeyError(wrong) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise GivenKeyError(wrong)
    return key


def _check_chain(chain: Sequence[bytes], key: ec.EllipticCurvePublicKey) -> None:
    """Refuse what readers of the chain would refuse (HAIP 1.0 sections 4.5.1 and 6.1.1)."""
    certificates = [x509.load_der_x509_certificate(der) for der in chain]
    leaf = certificates[0]
    if leaf.public_key() != key:
        raise ChainError("leaf_key", "the first certificate is not the key's; the leaf comes first")
    if _signed_by(leaf, leaf):
        raise ChainError(
            "leaf_self_signed",
            "the leaf is self-signed; have an authority sign it, as `madang ca` does",
        )
    if any(_signed_by(each, each) for each in certificates):
        raise ChainError(
            "anchor_in_chain", "a root is in the chain; leave it out, whoever checks has it"
        )
    if not all(_signed_by(subject, issuer) for subject, issuer in pairwise(certificates)):
        raise ChainError(
            "chain_signature", "a certificate is not signed by the next; the order is leaf first"
        )


def _signed_by(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True

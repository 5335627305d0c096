"""A certification authority for development as files: root, what is below it, leaves with keys.

What is there is used again and never written over, so that leaves of later runs are below the same
root. Private keys are PEM without a passphrase: nothing here is for real use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.keys.jwk import ES256, PublicKey
from madang.infra import ca
from madang.infra.anchors import read_certificates
from madang.infra.files import EVERYBODY, write_whole
from madang.infra.settings import SigningKey

ROOT: Final = "root"
_BELOW: Final = "below"


class CaFilesError(RuntimeError):
    """The folder of an authority is damaged; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class CaFiles:
    """The files of one authority: `<name>.key` and `<name>.pem`, leaf first, root left out.

    A leaf that signs is in `<name>.jwks.json` too, private key and `x5c` in one, as tools want it.

    Attributes:
        folder: for nothing else.
    """

    folder: Path

    @property
    def anchor(self) -> Path:
        """Return the root's certificate."""
        return self.folder / f"{ROOT}.pem"

    def leaf(self, name: str, title: str, *, uri: str, dns: str, now: int) -> SigningKey:
        """Return a key that signs, and its chain; made if they are missing.

        Args:
            name: of the files.
            title: common name for people.
            uri: identifier of the service.
            dns: the host in it.
            now: epoch seconds.

        Raises:
            CaFilesError: the one that is there is over, or for another identifier.
        """
        files = self._files(name)
        if not files.chain.exists():
            key, below = self._key(name), self._below(now)
            leaf = ca.leaf(below, key.public_key(), title, uri=uri, dns=dns, now=now)
            content = strict_json.dumps({"keys": [_private_jwk(key, (leaf, below.der))]})
            write_whole(self.folder / f"{name}.jwks.json", content.encode())
            self._write_chain(files.chain, leaf, below.der)
        _check_kept(files.chain, [uri], now)
        return files

    def server(self, name: str, hosts: Sequence[str], *, now: int) -> SigningKey:
        """Return key and chain of a TLS server with these names; made if they are missing.

        Raises:
            CaFilesError: the one that is there is over, or lacks one of the names.
        """
        files = self._files(name)
        if not files.chain.exists():
            key, below = self._key(name), self._below(now)
            leaf = ca.server_leaf(below, key.public_key(), hosts, now=now)
            self._write_chain(files.chain, leaf, below.der)
        _check_kept(files.chain, hosts, now)
        return files

    def _below(self, now: int) -> ca.Authority:
        files = self._files(_BELOW)
        if not files.chain.exists():
            root = self._root(now)
            made = ca.intermediate(root, self._key(_BELOW), "Development authority", now=now)
            self._write_chain(files.chain, made.der)
        return self._authority(_BELOW)

    def _root(self, now: int) -> ca.Authority:
        if not self.anchor.exists():
            made = ca.root(self._key(ROOT), "Development root", now=now)
            self._write_chain(self.anchor, made.der)
        return self._authority(ROOT)

    def _authority(self, name: str) -> ca.Authority:
        der = read_certificates(self._files(name).chain)[0]
        authority = ca.Authority(self._key(name), x509.load_der_x509_certificate(der))
        if authority.certificate.public_key() != authority.key.public_key():
            raise CaFilesError(
                f"{self.folder / name}.pem is not the certificate of {name}.key beside it; put back"
                " the files as they were, or begin in an empty folder"
            )
        return authority

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        path = self._files(name).key
        if not path.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_whole(path, pem)
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError) as error:
            raise CaFilesError(f"{path} holds no private key; begin in an empty folder") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CaFilesError(f"{path} holds no P-256 key; begin in an empty folder")
        return key

    def _files(self, name: str) -> SigningKey:
        return SigningKey(key=self.folder / f"{name}.key", chain=self.folder / f"{name}.pem")

    def _write_chain(self, path: Path, *ders: bytes) -> None:
        loaded = [x509.load_der_x509_certificate(der) for der in ders]
        pem = b"".join(each.public_bytes(Encoding.PEM) for each in loaded)
        write_whole(path, pem, EVERYBODY)


def _check_kept(path: Path, names: Sequence[str], now: int) -> None:
    """Refuse a leaf of an earlier run that would be of no use now."""
    leaf = x509.load_der_x509_certificate(read_certificates(path)[0])
    alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    missing = {*names} - {str(each.value) for each in alternative}
    if missing or leaf.not_valid_after_utc.timestamp() <= now:
        what = f"is not for {', '.join(sorted(missing))}" if missing else "is over"
        raise CaFilesError(f"{path} {what}; delete it, and a new one is made under the same root")


def _private_jwk(key: ec.EllipticCurvePrivateKey, chain: tuple[bytes, ...]) -> dict[str, object]:
    public = PublicKey.from_native(key.public_key())
    return {
        **public.to_jwk(),
        "d": base64url.encode(key.private_numbers().private_value.to_bytes(32, "big")),
        "kid": public.thumbprint(),
        "alg": ES256,
        "use": "sig",
        **jws.chain_header(chain),
    }

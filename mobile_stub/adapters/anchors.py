"""Certificates of authorities that the settings name: a file, or a folder of PEM and DER."""

from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mobile_stub.errors import WalletError

MAX_FILES: Final = 1_000
_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_ENDINGS: Final = frozenset({".pem", ".crt", ".cer", ".der"})


def load_anchors(path: Path | None) -> tuple[bytes, ...]:
    """Return certificates in DER, each once.

    Args:
        path: a file of one DER or of PEM certificates, or a folder of such files; None for none.

    Raises:
        WalletError: `anchors_unreadable`, also where there is no certificate at all.
    """
    if path is None:
        return ()
    found = [der for file in _files(path) for der in _certificates(file)]
    if not found:
        raise _unreadable(path, "holds no certificate")
    return tuple(dict.fromkeys(found))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(each for each in path.iterdir() if each.suffix.lower() in _ENDINGS)
    if len(files) > MAX_FILES:
        raise _unreadable(path, f"has more than {MAX_FILES} files")
    return files


def _certificates(file: Path) -> list[bytes]:
    try:
        content = file.read_bytes()
        if _BEGIN in content:
            certificates = x509.load_pem_x509_certificates(content)
        else:
            certificates = [x509.load_der_x509_certificate(content)]
    except OSError as error:
        raise _unreadable(file, "cannot be read") from error
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise _unreadable(file, "is no certificate") from error
    return [each.public_bytes(Encoding.DER) for each in certificates]


def _unreadable(path: Path, what: str) -> WalletError:
    return WalletError("anchors_unreadable", f"{path} {what}; X.509 in PEM or DER was expected")

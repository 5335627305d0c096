"""Certificates of authorities that the settings name: a PEM file, or a folder of PEM and DER."""

from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

MAX_FILES: Final = 1_000
MAX_BYTES: Final = 1_000_000
"""Of one file."""
_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_ENDINGS: Final = frozenset({".pem", ".crt", ".cer", ".der"})


class AnchorsError(RuntimeError):
    """No anchors can be read at a place that the settings name; the message says what to do."""


def load_anchors(path: Path | None) -> tuple[bytes, ...]:
    """Return certificates in DER, each once.

    Args:
        path: a file of one DER or of PEM certificates, or a folder of such files and folders,
            the files ending in `.pem`, `.crt`, `.cer` or `.der`; None for no anchors.

    Raises:
        AnchorsError: there is nothing, no certificate in it, or a file that is none.
    """
    if path is None:
        return ()
    found = [der for file in _files(path) for der in read_certificates(file)]
    if not found:
        raise AnchorsError(
            f"no certificate in {path}; expected are files that end in"
            f" {', '.join(sorted(_ENDINGS))}"
        )
    return tuple(dict.fromkeys(found))


def read_certificates(file: Path) -> tuple[bytes, ...]:
    """Return the certificates of one file in DER, in their order; AnchorsError if it has none."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise AnchorsError(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise AnchorsError(f"{file} is longer than {MAX_BYTES} bytes; expected are certificates")
    return parse_certificates(content, str(file))


def parse_certificates(content: bytes, name: str) -> tuple[bytes, ...]:
    """Return the certificates in PEM, or the one in DER.

    Args:
        content: of a file.
        name: what to call it in an error.

    Raises:
        AnchorsError: these bytes are no certificates.
    """
    try:
        if _BEGIN in content:
            certificates = x509.load_pem_x509_certificates(content)
        else:
            certificates = [x509.load_der_x509_certificate(content)]
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise AnchorsError(
            f"{name} holds no certificate that can be read; expected is X.509 in PEM or DER"
        ) from error
    return tuple(each.public_bytes(Encoding.DER) for each in certificates)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(each for each in path.rglob("*") if each.suffix.lower() in _ENDINGS)
    if len(files) > MAX_FILES:
        raise AnchorsError(f"{path} has more than {MAX_FILES} files")
    return files

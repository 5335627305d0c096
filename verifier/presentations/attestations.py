"""Verifier attestations that others issued to the municipalities, from files."""

from collections.abc import Mapping
from pathlib import Path

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.infra.settings import SettingsFileError
from verifier.presentations.clients import Attestation

ATTESTATION_TYP = "verifier-attestation+jwt"
MAX_BYTES = 64_000


class AttestationError(SettingsFileError):
    """A file that the settings name holds no verifier attestation; the message says which."""


def load_attestations(files: Mapping[str, Path]) -> dict[str, Attestation]:
    """Return the attestation of each municipality (OpenID4VP 1.0 section 12); AttestationError."""
    return {tenant: _attestation(path) for tenant, path in files.items()}


def _attestation(path: Path) -> Attestation:
    try:
        compact = path.read_text("utf-8").strip()
        opened = jws.parse(compact, max_bytes=MAX_BYTES)
        claims = strict_json.loads(opened.payload)
    except (OSError, UnicodeDecodeError, EnvelopeError, EncodingError) as error:
        raise AttestationError(f"{path}: {error}") from error
    subject = claims.get("sub") if isinstance(claims, dict) else None
    if opened.header.get("typ") != ATTESTATION_TYP or not isinstance(subject, str):
        raise AttestationError(f"{path}: a JWT of the type {ATTESTATION_TYP} with sub was expected")
    return Attestation(subject, compact)

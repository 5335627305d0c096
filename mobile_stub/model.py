"""What the wallet holds."""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

WAIT_SECONDS: Final = 600.0
"""Longest that a person may take to log in."""


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """One copy of a certificate.

    Attributes:
        digest: base64url SHA-256 of what the issuer signed: its issuer-signed JWT, or IssuerAuth.
        issuer: the credential issuer it came from.
        format: `dc+sd-jwt` or `mso_mdoc`.
        type: its `vct` or document type.
        number: presentation set and holder key it belongs to.
        credential: as issued: the SD-JWT VC, or base64url of IssuerSigned.
        names: what the issuer calls it, per language.
        receipt: proof that it is in the issuer's log, once there is one.
        identifier: its `credential_identifier` where the issuer granted several of one
            configuration; else empty.
    """

    digest: str
    issuer: str
    format: str
    type: str
    number: int
    credential: str
    names: dict[str, str] = field(default_factory=dict)
    receipt: dict[str, Any] | None = None
    identifier: str = ""

    @property
    def certificate(self) -> tuple[str, str, str, str]:
        """Return what all copies of one certificate in one format have in common."""
        return self.issuer, self.format, self.type, self.identifier


@dataclass(frozen=True, slots=True)
class Scan:
    """Something scanned that waits for the person.

    Attributes:
        id: handle.
        kind: "offer" or "presentation".
        link: the text of the code.
        preview: what the person is shown before deciding.
        progress: what has been done already, so that a second try goes on from there.
    """

    id: str
    kind: str
    link: str
    preview: dict[str, Any]
    progress: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        return asdict(self)

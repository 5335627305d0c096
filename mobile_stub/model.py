"""What the wallet holds."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """One copy of a certificate.

    Attributes:
        digest: base64url SHA-256 of its issuer-signed JWT.
        issuer: its `iss`.
        vct: its type.
        number: presentation set and holder key it belongs to.
        compact: the SD-JWT VC as issued.
        names: what the issuer calls it, per language.
        receipt: proof that it is in the issuer's log, once there is one.
    """

    digest: str
    issuer: str
    vct: str
    number: int
    compact: str
    names: dict[str, str] = field(default_factory=dict)
    receipt: dict[str, Any] | None = None


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

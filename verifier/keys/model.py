"""A key of an agency's program."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; the key itself was shown once and is with the agency.

    Attributes:
        id: opaque; names the key in the journal.
        tenant: the municipality it acts for.
        name: what an administrator calls it.
        hash: SHA-256 of the key.
        created_at: seconds since 1970.
        revoked_at: seconds since 1970; None while it counts.
    """

    id: str
    tenant: str
    name: str
    hash: bytes = field(repr=False)
    created_at: int
    revoked_at: int | None = None

"""The issuer's authorization server: what it can be asked for, and by which settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from issuer.office import Office
from issuer.settings import Settings
from issuer.types.model import configurations
from madang.access.authorization.policy import Policy


@dataclass(frozen=True, slots=True)
class CredentialOffering:
    """See `Offering`: every configuration has a scope of the same name (HAIP 1.0 section 4.1).

    Attributes:
        office: what a municipality may attest.
    """

    office: Office

    def scopes(self, tenant: str) -> Mapping[str, str]:
        """Return the credential configuration id of each scope."""
        known = configurations(self.office.types(tenant))
        return {str(each): str(each) for each in known}


def policy_of(settings: Settings) -> Policy:
    """Return the lives and bounds that the settings name."""
    return Policy(
        token_seconds=settings.token_seconds,
        refresh_seconds=settings.refresh_seconds,
        request_seconds=settings.request_seconds,
        pending_seconds=settings.pending_seconds,
        nonce_seconds=settings.dpop_nonce_seconds,
        proof_seconds=settings.dpop_seconds,
        skew_seconds=settings.skew_seconds,
        bearer_tokens=settings.bearer_tokens,
        allow_loopback_http=settings.allow_loopback_http,
    )

"""What of an offer the wallet can take, by the issuer's own description."""

from collections.abc import Sequence

from madang.core.protocol.oid4vci.metadata import CredentialConfiguration, IssuerMetadata
from mobile_stub.errors import WalletError
from mobile_stub.receiving.acceptance import FORMATS

Wanted = dict[str, CredentialConfiguration]
"""By `credential_configuration_id`."""


def wanted(metadata: IssuerMetadata, offered: Sequence[str]) -> Wanted:
    """Return those of the offered configurations whose format this wallet can hold.

    Raises:
        WalletError: unknown_configuration, or format_not_supported where none is left.
    """
    described = {name: configuration_of(metadata, name) for name in offered}
    found = {name: each for name, each in described.items() if each.format in FORMATS}
    if not found:
        known = " or ".join(FORMATS)
        raise WalletError("format_not_supported", f"nothing offered has the format {known}")
    return found


def configuration_of(metadata: IssuerMetadata, name: str) -> CredentialConfiguration:
    """Return how the issuer describes a configuration; WalletError if it does not."""
    found = metadata.credential_configurations_supported.get(name)
    if found is None:
        raise WalletError("unknown_configuration", f"the issuer does not list {name}")
    return found

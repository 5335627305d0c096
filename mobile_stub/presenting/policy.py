"""The person's policy for verifiers, from the settings."""

from pathlib import Path

from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.known_clients import KnownClients, parse_known_clients
from madang.core.protocol.oid4vp.transaction_type import KINDS, TransactionType
from mobile_stub.adapters.anchors import load_anchors
from mobile_stub.errors import WalletError
from mobile_stub.presenting.model import Trust
from mobile_stub.settings import Settings, TransactionTypeSetting


def trust_of(settings: Settings) -> Trust:
    """Return what counts besides the registry.

    Raises:
        WalletError: a file that the settings name cannot be used.
    """
    types = settings.transaction_types
    return Trust(
        anchors=load_anchors(settings.request_anchors),
        clients=_clients(settings.clients),
        transaction_types={name: _type(name, each) for name, each in types.items()},
        unsigned=settings.unsigned_requests,
        named=settings.named_verifiers,
        any_signature=settings.any_signature,
        reuse=settings.reuse_copies,
        encrypted=settings.encrypted_requests,
    )


def _clients(path: Path | None) -> KnownClients:
    if path is None:
        return KnownClients()
    try:
        return parse_known_clients(path.read_bytes())
    except OSError as error:
        raise WalletError("clients_unreadable", f"{path} cannot be read") from error
    except VpError as error:
        raise WalletError("clients_unreadable", f"{path}: {error.detail}") from error


def _type(name: str, setting: TransactionTypeSetting) -> TransactionType:
    return TransactionType(
        name,
        {member: KINDS[kind] for member, kind in setting.members.items()},
        {member: KINDS[kind] for member, kind in setting.optional.items()},
        setting.element,
    )

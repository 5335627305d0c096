"""The person's policy for verifiers, from the settings."""

from pathlib import Path
from typing import Any

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.model import DcqlQuery, check_bounds
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import read
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.known_clients import KnownClients, parse_known_clients
from madang.core.protocol.oid4vp.transaction_type import KINDS, TransactionType
from mobile_stub.adapters.anchors import load_anchors
from mobile_stub.errors import WalletError
from mobile_stub.presenting.model import Trust
from mobile_stub.settings import Settings, TransactionTypeSetting


class ScopeError(ValueError):
    """A file does not hold a query."""


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
        scopes={name: _query(path) for name, path in settings.scopes.items()},
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


def _query(path: Path) -> dict[str, Any]:
    try:
        query = read(DcqlQuery, strict_json.loads(path.read_bytes()), ScopeError)
        check_bounds(query, DEFAULT_LIMITS)
    except (OSError, EncodingError, ScopeError, DcqlError) as error:
        raise WalletError("scope_unreadable", f"{path}: a DCQL query was expected") from error
    return query.to_json()


def _type(name: str, setting: TransactionTypeSetting) -> TransactionType:
    return TransactionType(
        name,
        {member: KINDS[kind] for member, kind in setting.members.items()},
        {member: KINDS[kind] for member, kind in setting.optional.items()},
        setting.element,
    )

"""The authorization server of one service, put together."""

from madang.access.authorization.callers import Callers
from madang.access.authorization.clients import ClientBook, ClientKeys, FileClients
from madang.access.authorization.exchanging import Exchanger
from madang.access.authorization.model import Offering, PreAuthorizedCodes
from madang.access.authorization.policy import Ground, Policy
from madang.access.authorization.requests import AuthorizationRequests
from madang.access.authorization.resource import ResourceTokens
from madang.access.authorization.store import shared_secret
from madang.core.protocol.oauth.server_nonce import SECRET_BYTES
from madang.infra.attestation_statuses import AttestationStatuses
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.http import HttpClient
from madang.infra.ids import Ids, SystemIds
from madang.infra.tenancy import Addresses

_SECRET = "nonces"  # noqa: S105 - a name


class AuthorizationServer:
    """Everything that answers clients, and what it gives the service around it.

    Args:
        ground: clock, chance, policy, identifiers.
        offering: what can be asked for.
        codes: pre-authorized codes.
        from_file: clients that only the operator changes.

    Attributes:
        book: all clients.
        callers: authenticates them.
        requests: authorization requests, for the feature that logs people in.
        exchanger: the token endpoint.
        tokens: access tokens at the door of resources.
    """

    def __init__(
        self, ground: Ground, offering: Offering, codes: PreAuthorizedCodes, from_file: FileClients
    ) -> None:
        self.ground = ground
        self.offering = offering
        self.book = ClientBook(ground, from_file)
        self.callers = Callers(ground, self.book, ClientKeys(ground))
        self.requests = AuthorizationRequests(ground, offering)
        self.exchanger = Exchanger(ground, codes, offering)
        self.tokens = ResourceTokens(ground)


def ground_of(
    service: str,
    policy: Policy,
    *,
    clock: Clock,
    ids: Ids,
    database: Database,
    addresses: Addresses,
    http: HttpClient,
    statuses: AttestationStatuses,
) -> Ground:
    """Return what a server stands on; its secret is drawn at the first start and kept."""
    with database.transaction() as session:
        secret = shared_secret(session, _SECRET, SystemIds().bytes(SECRET_BYTES))
    anchors = statuses.anchors
    return Ground(service, policy, clock, ids, database, addresses, http, secret, anchors, statuses)

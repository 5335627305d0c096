"""Who calls the API: an agency's program by its key, or a service by a token of one request."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from sqlmodel import Session

from madang.access.errors import ForeignTenant, WrongRole
from madang.access.service_token import Call, ServiceKeys, ServiceTokenError, UsedTokens, verify
from madang.access.staff import Role
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.tenancy import Addresses
from verifier.keys.usecases import PREFIX, KeyBook, check


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks.

    Attributes:
        name: whose requests these are: a key, or a service.
        actor: pseudonym for the journal.
    """

    name: str
    actor: str


@dataclass(frozen=True, slots=True)
class Callers:
    """Lets callers of the API in; their tokens are checked behind an open door."""

    addresses: Addresses
    clock: Clock
    database: Database
    keys: Callable[[Session], KeyBook]
    services: ServiceKeys
    used: UsedTokens = field(default_factory=UsedTokens)

    async def asker(self, request: Request, tenant: str) -> Asker:
        """Return who calls.

        Raises:
            ServiceTokenError: no token, or one that does not count.
            ApiKeyError: a key that does not count.
            ForeignTenant: it is another municipality's.
            WrongRole: it is a service that acts for nobody of an agency.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ServiceTokenError("token_missing")
        if token.startswith(PREFIX):
            return self._by_key(token, tenant)
        return await self._by_token(request, token, tenant)

    def _by_key(self, token: str, tenant: str) -> Asker:
        with self.database.reading() as session:
            key = check(self.keys(session), token)
        if key.tenant != tenant:
            raise ForeignTenant
        return Asker(f"key:{key.id}", key.id)

    async def _by_token(self, request: Request, token: str, tenant: str) -> Asker:
        query = f"?{request.url.query}" if request.url.query else ""
        call = Call(
            audience=self.addresses.identifier(tenant, "verifier"),
            method=request.method,
            path=request.url.path + query,
            body=await request.body(),
        )
        now = self.clock.now()
        identity = verify(token, call, self.services, now=now)
        self.used.use(identity, now=now)
        if identity.issuer.rsplit("/", 2)[-2:-1] != [tenant]:
            raise ForeignTenant
        if Role.AGENCY not in identity.roles:
            raise WrongRole
        return Asker(identity.issuer, identity.actor)

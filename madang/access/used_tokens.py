"""Tokens of services that were used, remembered in the database, so that all processes know."""

from dataclasses import dataclass

from madang.access.authorization.store import UsedId, take
from madang.access.service_token import COUNTS_SECONDS, ServiceIdentity, ServiceTokenError
from madang.infra.db import Database


@dataclass(frozen=True, slots=True)
class SharedTokens:
    """As `UsedTokens`, for a commit each: for calls that change something and are few.

    Attributes:
        database: of a service that keeps the authorization server's tables, which are swept.
    """

    database: Database

    def use(self, identity: ServiceIdentity, *, now: int) -> None:
        """Note a token; ServiceTokenError("token_used") if any process noted it before."""
        parts = ("service", identity.issuer, identity.token_id)
        with self.database.transaction() as session:
            if not take(session, UsedId(parts, now + COUNTS_SECONDS)):
                raise ServiceTokenError("token_used")

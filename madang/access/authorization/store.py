"""Tables of the authorization server, and statements on them that are made once."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlmodel import Field, Session, SQLModel

from madang.infra.statements import Prepared, Upsert


class AuthorizationRow(SQLModel, table=True):
    """One pushed authorization request, until its code was used and could be used again.

    Attributes:
        id: in the address of the log-in page, and the family of the tokens that come of it.
        request_hash: of the `request_uri`.
        configurations: ids separated by spaces.
        identified: those of them that were asked for by `authorization_details`.
        jkt: thumbprint of the DPoP key that the code is for; empty for none.
        instance: thumbprint of the attested key of the client; empty for none.
        browser: hash of the cookie of the browser that brought it; empty before.
        phase: pushed, approved, redeemed or refused.
        grant: the service's name for what may be fetched; empty before approval.
        code_hash: of the code; None before there is one.
        expires_at: end of the phase, epoch seconds.
    """

    __tablename__ = "authorization_request"

    id: str = Field(primary_key=True)
    request_hash: bytes = Field(unique=True)
    tenant: str
    client_id: str
    client_name: str
    redirect_uri: str
    state: str | None = None
    code_challenge: str
    configurations: str
    identified: str = ""
    issuer_state: str | None = None
    jkt: str = ""
    instance: str = ""
    browser: bytes = b""
    phase: str
    grant: str = ""
    code_hash: bytes | None = Field(default=None, unique=True)
    expires_at: int = Field(index=True)


class _TokenColumns(SQLModel):
    """What access and refresh tokens are kept with.

    Attributes:
        family: the authorization request that it comes of; empty for a pre-authorized code.
        key: thumbprint of the key that it is bound to; empty for none.
    """

    hash: bytes = Field(primary_key=True)
    tenant: str
    grant: str
    family: str
    client_id: str | None
    configurations: str
    identified: str
    key: str
    expires_at: int


class AccessTokenRow(_TokenColumns, table=True):
    """An access token by its hash."""

    __tablename__ = "access_token"

    grant: str = Field(index=True)
    expires_at: int = Field(index=True)


class RefreshTokenRow(_TokenColumns, table=True):
    """A refresh token by its hash; bound to the client, and to `key` where there is one."""

    __tablename__ = "refresh_token"

    grant: str = Field(index=True)
    expires_at: int = Field(index=True)


class UsedIdRow(SQLModel, table=True):
    """The id of a proof that was used, for as long as the proof would count."""

    __tablename__ = "used_proof"

    hash: bytes = Field(primary_key=True)
    until: int = Field(index=True)


class ClientRow(SQLModel, table=True):
    """A client that was entered by API, as its metadata in JSON."""

    __tablename__ = "client"

    tenant: str = Field(primary_key=True)
    client_id: str = Field(primary_key=True)
    registration: str


class SecretRow(SQLModel, table=True):
    """A secret that all processes of a service share."""

    __tablename__ = "server_secret"

    name: str = Field(primary_key=True)
    secret: bytes


TABLES: tuple[type[SQLModel], ...] = (
    AuthorizationRow,
    AccessTokenRow,
    RefreshTokenRow,
    UsedIdRow,
    ClientRow,
    SecretRow,
)
"""Everything that the authorization server keeps."""


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


_REQUESTS, _USED = _table("authorization_request"), _table("used_proof")
_ACCESS, _REFRESH = _table("access_token"), _table("refresh_token")
_TOKENS = (_ACCESS, _REFRESH)


def _of_tenant(table: Table) -> Prepared:
    named = table.c.hash == bindparam("named")
    return Prepared(select(table).where(named, table.c.tenant == bindparam("tenant")))


_FIND = {table.name: _of_tenant(table) for table in _TOKENS}
_TAKE, _SHARE = Upsert(UsedIdRow), Upsert(SecretRow)
_ADD = {table.name: Prepared(insert(table)) for table in _TOKENS}


def hash_of(secret: str) -> bytes:
    """Return the hash under which a token or code of chance is kept."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token as it is kept; members as in the table."""

    grant: str
    family: str
    client_id: str | None
    configurations: tuple[str, ...]
    identified: tuple[str, ...]
    key: str
    expires_at: int


class Tokens:
    """Access or refresh tokens in an open transaction."""

    def __init__(self, session: Session, table: str = _ACCESS.name) -> None:
        self._session = session
        self._name = table

    @classmethod
    def refresh(cls, session: Session) -> "Tokens":
        """Return the refresh tokens."""
        return cls(session, _REFRESH.name)

    def add(self, tenant: str, token_hash: bytes, token: KeptToken) -> None:
        """Keep a new token."""
        values = {
            "hash": token_hash,
            "tenant": tenant,
            "grant": token.grant,
            "family": token.family,
            "client_id": token.client_id,
            "configurations": " ".join(token.configurations),
            "identified": " ".join(token.identified),
            "key": token.key,
            "expires_at": token.expires_at,
        }
        _ADD[self._name].run(self._session, values)

    def find(self, tenant: str, token_hash: bytes) -> KeptToken | None:
        """Return a token of this municipality, whether or not it is over."""
        named = {"named": token_hash, "tenant": tenant}
        row = _FIND[self._name].first(self._session, named)
        if row is None:
            return None
        return KeptToken(
            row.grant,
            row.family,
            row.client_id,
            tuple(row.configurations.split()),
            tuple(row.identified.split()),
            row.key,
            row.expires_at,
        )


def revoke(session: Session, tenant: str, **named: str) -> None:
    """Delete the access and refresh tokens of which all that is named holds.

    Args:
        session: an open transaction.
        tenant: the municipality.
        named: `grant`, `family` (request) or `client_id`; only a grant is found by an index.
    """
    for table in _TOKENS:
        wanted = [table.c[column] == value for column, value in named.items()]
        session.execute(delete(table).where(*wanted, table.c.tenant == tenant))


class Requests:
    """Authorization requests in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: AuthorizationRow) -> None:
        """Keep a new request."""
        self._session.execute(insert(_REQUESTS), row.model_dump())

    def find(self, tenant: str, **named: str | bytes) -> AuthorizationRow | None:
        """Return a request by one of its unique columns, locked until the transaction ends."""
        [(column, value)] = named.items()
        wanted = select(AuthorizationRow).where(
            _REQUESTS.c[column] == value, _REQUESTS.c.tenant == tenant
        )
        return self._session.execute(wanted.with_for_update()).scalars().first()

    def change(self, request: str, **values: str | bytes | int) -> None:
        """Set columns of a request."""
        self._session.execute(update(_REQUESTS).where(_REQUESTS.c.id == request).values(**values))


@dataclass(frozen=True, slots=True)
class UsedId:
    """The id of a proof, to be taken once.

    Attributes:
        parts: what tells it apart: kind of proof, whose, its own id.
        until: epoch seconds; then the proof does not count any more.
    """

    parts: Sequence[str]
    until: int


def take(session: Session, used: UsedId) -> bool:
    """Note that a proof was used; False if it was used before."""
    named = hashlib.sha256("\0".join(used.parts).encode("utf-8", "replace")).digest()
    return _TAKE.run(session, {"hash": named, "until": used.until}) == 1


class Clients:
    """Clients that were entered by API, in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self, tenant: str) -> Iterator[str]:
        """Return the metadata of every client of a municipality, by their ids."""
        wanted = select(ClientRow).where(_table("client").c.tenant == tenant)
        for row in self._session.execute(wanted.order_by(_table("client").c.client_id)).scalars():
            yield row.registration

    def get(self, tenant: str, client_id: str) -> str | None:
        """Return the metadata of a client."""
        row = self._session.get(ClientRow, (tenant, client_id))
        return None if row is None else row.registration

    def put(self, tenant: str, client_id: str, registration: str) -> None:
        """Keep a client, in place of one of the same id."""
        row = ClientRow(tenant=tenant, client_id=client_id, registration=registration)
        self._session.merge(row)

    def delete(self, tenant: str, client_id: str) -> None:
        """Forget a client."""
        row = self._session.get(ClientRow, (tenant, client_id))
        if row is not None:
            self._session.delete(row)


def shared_secret(session: Session, name: str, fresh: bytes) -> bytes:
    """Return the secret of this name; `fresh` becomes it if there is none yet."""
    _SHARE.run(session, {"name": name, "secret": fresh})
    table = _table("server_secret")
    found: bytes = session.execute(select(table.c.secret).where(table.c.name == name)).scalar_one()
    return found


def sweep(session: Session, now: int, *, keep: int) -> None:
    """Delete what is over; requests `keep` seconds later, so that a second use is told apart."""
    past: Mapping[Table, int] = {_ACCESS: now, _REFRESH: now, _REQUESTS: now - keep}
    for table, moment in past.items():
        session.execute(delete(table).where(table.c.expires_at <= moment))
    session.execute(delete(_USED).where(_USED.c.until <= now))

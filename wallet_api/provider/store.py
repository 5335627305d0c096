"""Tables of wallets, of their attestations' statuses, of used nonces and the seal of nonces."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

from madang.core.status.token_status_list import INVALID, StatusList
from madang.infra.statements import Upsert
from wallet_api.provider.model import Bounds, Instance, InstanceId, ListState, Place

BITS: Final = 1
_PERCENT: Final = 100
_ONLY: Final = 1


class InstanceRow(SQLModel, table=True):
    """A registered wallet."""

    __tablename__ = "wallet_instance"

    tenant: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    thumbprint: str = Field(unique=True)
    code_hash: bytes
    revoked_at: int | None = None


class AttestationRow(SQLModel, table=True):
    """An attestation that is not over: whose, and where its status stands."""

    __tablename__ = "wallet_attestation"

    tenant: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    index: int = Field(primary_key=True)
    instance: str = Field(index=True)
    until: int = Field(index=True)


class WalletListRow(SQLModel, table=True):
    """A status list; `key` is of its order and goes when no more is given of it."""

    __tablename__ = "wallet_status_list"

    tenant: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    size: int
    used: int = 0
    key: bytes | None
    packed: bytes


class UsedNonceRow(SQLModel, table=True):
    """A nonce that was used and is not over."""

    __tablename__ = "wallet_nonce"

    hash: bytes = Field(primary_key=True)
    until: int = Field(index=True)


class SealRow(SQLModel, table=True):
    """The secret that seals nonces, one for all processes."""

    __tablename__ = "wallet_nonce_seal"

    id: int = Field(primary_key=True)
    secret: bytes


TABLES: Final = (InstanceRow, AttestationRow, WalletListRow, UsedNonceRow, SealRow)


_BEGIN_LIST, _USE, _SHARE = Upsert(WalletListRow), Upsert(UsedNonceRow), Upsert(SealRow)


class InstanceStore:
    """Wallets in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def by_key(self, tenant: str, thumbprint: str) -> Instance | None:
        """Return the wallet with this key."""
        wanted = select(InstanceRow).where(
            InstanceRow.tenant == tenant, InstanceRow.thumbprint == f"{tenant}/{thumbprint}"
        )
        return _instance(self._session.exec(wanted.with_for_update()).first())

    def by_id(self, tenant: str, instance: InstanceId) -> Instance | None:
        """Return the wallet of this name."""
        row = self._session.get(InstanceRow, (tenant, instance), with_for_update=True)
        return _instance(row)

    def keep(self, tenant: str, instance: Instance) -> None:
        """Keep a new wallet, or a change of one."""
        self._session.merge(
            InstanceRow(
                tenant=tenant,
                id=instance.id,
                thumbprint=f"{tenant}/{instance.thumbprint}",
                code_hash=instance.code_hash,
                revoked_at=instance.revoked_at,
            )
        )

    def attested(self, tenant: str, instance: InstanceId, place: Place, *, until: int) -> None:
        """Keep where the status of a wallet's new attestation stands."""
        self._session.add(
            AttestationRow(
                tenant=tenant,
                number=place.number,
                index=place.index,
                instance=instance,
                until=until,
            )
        )

    def places(self, tenant: str, instance: InstanceId, *, now: int) -> Sequence[Place]:
        """Return where the statuses of its attestations stand that are not over."""
        wanted = select(AttestationRow).where(
            AttestationRow.tenant == tenant,
            AttestationRow.instance == instance,
            AttestationRow.until > now,
        )
        return [Place(row.number, row.index) for row in self._session.exec(wanted)]


class ListStore:
    """Status lists in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, tenant: str, bounds: Bounds, fresh_key: bytes) -> ListState:
        """Return a list with room for one more, and count it as given."""
        newest = (
            select(WalletListRow)
            .where(WalletListRow.tenant == tenant)
            .order_by(col(WalletListRow.number).desc())
            .limit(1)
            .with_for_update()
        )
        row = self._session.exec(newest).first()
        if row is None or (row.used + 1) * _PERCENT > row.size * bounds.list_fill_percent:
            row = self._begin(tenant, row, bounds.list_size, fresh_key)
        position, row.used = row.used, row.used + 1
        self._session.add(row)
        return ListState(row.number, row.size, row.key or b"", position)

    def _begin(
        self, tenant: str, full: WalletListRow | None, size: int, key: bytes
    ) -> WalletListRow:
        if full is not None:
            full.key = None
            self._session.add(full)
        number = 1 if full is None else full.number + 1
        empty = bytes(StatusList.of_size(size, BITS).values)
        values = {"tenant": tenant, "number": number, "size": size, "used": 0}
        row = {**values, "key": key, "packed": empty}
        _BEGIN_LIST.run(self._session, row)
        return self._session.get_one(WalletListRow, (tenant, number), with_for_update=True)

    def invalidate(self, tenant: str, places: Sequence[Place]) -> None:
        """Show these as invalid."""
        for number in sorted({place.number for place in places}):
            row = self._session.get_one(WalletListRow, (tenant, number), with_for_update=True)
            statuses = StatusList(BITS, bytearray(row.packed))
            for place in places:
                if place.number == number:
                    statuses.set(place.index, INVALID)
            row.packed = bytes(statuses.values)
            self._session.add(row)

    def statuses(self, tenant: str, number: int) -> StatusList | None:
        """Return a list as it is now; None if there is none of this number."""
        row = self._session.get(WalletListRow, (tenant, number))
        return None if row is None else StatusList(BITS, bytearray(row.packed))


class NonceStore:
    """Used nonces in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def use(self, nonce_hash: bytes, *, until: int) -> bool:
        """Note one; False if it was noted before."""
        return _USE.run(self._session, {"hash": nonce_hash, "until": until}) == 1


def seal_secret(session: Session, fresh: bytes) -> bytes:
    """Return the secret that seals nonces; the fresh one becomes it when there is none."""
    _SHARE.run(session, {"id": _ONLY, "secret": fresh})
    return session.get_one(SealRow, _ONLY).secret


def sweep(session: Session, now: int) -> None:
    """Delete nonces and attestations that are over."""
    session.execute(delete(UsedNonceRow).where(col(UsedNonceRow.until) <= now))
    session.execute(delete(AttestationRow).where(col(AttestationRow.until) <= now))


def _instance(row: InstanceRow | None) -> Instance | None:
    if row is None:
        return None
    return Instance(
        InstanceId(row.id), row.thumbprint.partition("/")[2], row.code_hash, row.revoked_at
    )

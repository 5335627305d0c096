"""Tables of status lists: what is given of them, their bits, their changes to come, their forms.

A list's bits are a table of their own, so that giving a place does not write them anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Integer, bindparam, case, delete, update
from sqlmodel import Field, Session, SQLModel, col, select

from issuer.status.model import VALUES, Flip, Status
from issuer.status.publishing import Published, Second
from issuer.status.usecases import ListPolicy, OpenList
from madang.core.status.token_status_list import StatusList
from madang.infra.statements import Insert, Prepared, Upsert

BITS: Final = 2
_PERCENT = 100


class ListRow(SQLModel, table=True):
    """What is given of a list; `key` is of its order and goes when no more is given."""

    __tablename__ = "status_list_head"

    tenant: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    size: int
    used: int = 0
    key: bytes | None


class BitsRow(SQLModel, table=True):
    """A list as it is now, packed."""

    __tablename__ = "status_list_bits"

    tenant: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    packed: bytes


class FlipRow(SQLModel, table=True):
    """A change that a list does not show yet."""

    __tablename__ = "status_list_flip"

    tenant: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    index: int = Field(primary_key=True)
    status: str
    due: int = Field(index=True)


class TokenRow(SQLModel, table=True):
    """A list as published last in one form; there is none when it changed since.

    `second` and `second_key_id` are of the second signature, None where there is none.
    """

    __tablename__ = "status_list_token"

    tenant: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    form: str = Field(primary_key=True)
    token: bytes
    issued_at: int
    key_id: str
    second: str | None
    second_key_id: str | None


TABLES: Final = (ListRow, BitsRow, FlipRow, TokenRow)
_BEGIN_LIST, _BEGIN_BITS = Upsert(ListRow), Upsert(BitsRow)
_HEAD = SQLModel.metadata.tables["status_list_head"]
_COUNT = bindparam("count", type_=Integer)
_BEGINNINGS: Final = 8
_GIVE: Final = Prepared(
    update(_HEAD)
    .where(
        _HEAD.c.tenant == bindparam("of"),
        _HEAD.c.key.is_not(None),
        (_HEAD.c.used + _COUNT) * _PERCENT <= _HEAD.c.size * bindparam("percent", type_=Integer),
    )
    .values(used=_HEAD.c.used + _COUNT)
    .returning(_HEAD.c.number, _HEAD.c.size, _HEAD.c.key, _HEAD.c.used)
)
"""Count places of the one list that is open as given, if it has room for them."""


class ListStore:
    """Status lists in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, tenant: str, count: int, policy: ListPolicy, fresh_key: bytes) -> OpenList:
        """Return a list with room for `count` more, and count them as given.

        Two that would begin the same list at once both give places of the one that is begun, and
        nobody ends a list that another has begun meanwhile.

        Raises:
            LookupError: others filled each list that was begun.
        """
        given = {"of": tenant, "count": count, "percent": policy.fill_percent}
        row = _GIVE.first(self._session, given)
        for _ in range(_BEGINNINGS):
            if row is not None:
                break
            newest = self._newest(tenant)  # waits for whoever changes it
            row = _GIVE.first(self._session, given)
            if row is None:
                self._begin(tenant, newest, policy.size, fresh_key)
                # A list that is too small for so many is overfilled, up to its last place.
                row = _GIVE.first(self._session, {**given, "percent": _PERCENT})
        if row is None:
            raise LookupError(f"no list has room for {count} places")
        return OpenList(row.number, row.size, row.key, row.used - count)

    def _newest(self, tenant: str) -> ListRow | None:
        wanted = (
            select(ListRow)
            .where(ListRow.tenant == tenant)
            .order_by(col(ListRow.number).desc())
            .limit(1)
            .with_for_update()
        )
        return self._session.exec(wanted).first()

    def _begin(self, tenant: str, full: ListRow | None, size: int, key: bytes) -> None:
        if full is not None:
            full.key = None
            self._session.add(full)
            self._session.flush()
        name = {"tenant": tenant, "number": 1 if full is None else full.number + 1}
        empty = bytes(StatusList.of_size(size, BITS).values)
        _BEGIN_LIST.run(self._session, name | {"size": size, "used": 0, "key": key})
        _BEGIN_BITS.run(self._session, name | {"packed": empty})

    def plan(self, tenant: str, flips: Sequence[Flip], *, now: int) -> None:
        """Keep changes; one of a place where one waits takes over its moment, or is due now."""
        rows = [
            {
                "tenant": tenant,
                "number": flip.place.number,
                "index": flip.place.index,
                "status": flip.status.value,
                "due": flip.due,
            }
            for flip in flips
        ]

        def taking_over(insert: Insert) -> Insert:
            new = insert.excluded
            due = case((new.due <= now, new.due), else_=col(FlipRow.due))
            place = ("tenant", "number", "index")
            return insert.on_conflict_do_update(
                index_elements=place, set_={"status": new.status, "due": due}
            )

        Upsert(FlipRow, taking_over).run_each(self._session, rows)

    def apply(self, now: int) -> int:
        """Put what is due into the lists, which need publishing; return how many changed.

        The changes leave the table in the statement that hands them over: whoever else is at it
        gets none of them, and a transaction that ends early leaves them all.
        """
        taken = self._session.execute(
            delete(FlipRow)
            .where(col(FlipRow.due) <= now)
            .returning(
                col(FlipRow.tenant), col(FlipRow.number), col(FlipRow.index), col(FlipRow.status)
            )
        ).all()
        by_list: dict[tuple[str, int], dict[int, Status]] = {}
        for tenant, number, index, status in taken:
            by_list.setdefault((tenant, number), {})[index] = Status(status)
        # In one order, whoever does it: no two wait for one another.
        return sum(self.set(*name, changes) for name, changes in sorted(by_list.items()))

    def set(self, tenant: str, number: int, changes: Mapping[int, Status]) -> int:
        """Change a list, which needs publishing then; return how many changes there were."""
        row = self._session.get_one(BitsRow, (tenant, number), with_for_update=True)
        packed = packed_with(row.packed, changes.items())
        if packed == row.packed:
            return 0
        row.packed = packed
        self._session.add(row)
        self._session.execute(
            delete(TokenRow).where(col(TokenRow.tenant) == tenant, col(TokenRow.number) == number)
        )
        return len(changes)

    def numbers(self, tenant: str) -> Sequence[int]:
        """Return the numbers of all lists, in their order."""
        wanted = (
            select(ListRow.number).where(ListRow.tenant == tenant).order_by(col(ListRow.number))
        )
        return list(self._session.exec(wanted))

    def statuses(self, tenant: str, number: int) -> StatusList | None:
        """Return a list as it is now; None if there is none of this number.

        Nobody changes it before the transaction ends: what is published is never older than it.
        """
        row = self._session.get(BitsRow, (tenant, number), with_for_update=True)
        return None if row is None else StatusList(BITS, bytearray(row.packed))

    def published(self, tenant: str, number: int, form: str) -> Published | None:
        """Return a list as published last, None if it changed since or never was in this form."""
        row = self._session.get(TokenRow, (tenant, number, form))
        if row is None:
            return None
        by, signature = row.second_key_id, row.second
        second = None if by is None or signature is None else Second(signature, by)
        return Published(row.token, row.issued_at, row.key_id, second)

    def publish(self, tenant: str, number: int, form: str, published: Published) -> None:
        """Keep a published list."""
        second = published.second
        self._session.merge(
            TokenRow(
                tenant=tenant,
                number=number,
                form=form,
                token=published.token,
                issued_at=published.issued_at,
                key_id=published.key_id,
                second=None if second is None else second.signature,
                second_key_id=None if second is None else second.key_id,
            )
        )


def packed_with(packed: bytes, statuses: Iterable[tuple[int, Status]]) -> bytes:
    """Return a list's bytes with other statuses at some indexes."""
    changed = StatusList(BITS, bytearray(packed))
    for index, status in statuses:
        changed.set(index, VALUES[status])
    return bytes(changed.values)

"""Take over the lists of a state folder that the version before this one wrote.

That one drew each index at random, kept no bits, and asked the table of copies for every list. Its
lists get their bits here, once, and no more places are given of them.
"""

from sqlalchemy import inspect, text
from sqlmodel import select

from issuer.status.list_store import BITS, BitsRow, ListRow, packed_with
from issuer.status.model import Status
from issuer.status.store import CredentialRow
from madang.core.status.token_status_list import StatusList
from madang.infra.db import Database

_OLD = "status_list"


def adopt(database: Database) -> None:
    """Take over the old table of lists, if there is one, and remove it."""
    if not inspect(database.engine).has_table(_OLD):
        return
    with database.transaction() as session:
        old = session.execute(text(f"SELECT tenant, number, size, used FROM {_OLD}")).all()  # noqa: S608 - a constant
        for tenant, number, size, used in old:
            wanted = select(CredentialRow.list_index, CredentialRow.status).where(
                CredentialRow.tenant == tenant,
                CredentialRow.list_number == number,
                CredentialRow.status != Status.VALID.value,
            )
            marked = [(index, Status(status)) for index, status in session.exec(wanted)]
            packed = packed_with(bytes(StatusList.of_size(size, BITS).values), marked)
            session.add(BitsRow(tenant=tenant, number=number, packed=packed))
            session.add(ListRow(tenant=tenant, number=number, size=size, used=used, key=None))
        session.execute(text(f"DROP TABLE {_OLD}"))

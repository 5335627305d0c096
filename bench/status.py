"""Status lists of a million: places without a collision, and one change as it is published."""

import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median

from bench.measure import RUNS, Row, rates
from issuer.status.list_store import TABLES, ListStore
from issuer.status.model import Flip, Place, Status
from issuer.status.publishing import FORMS, Press, publish
from issuer.status.signers import Signers
from issuer.status.usecases import ListPolicy
from issuer.work import Work
from madang.core.keys.software import generate_ml_dsa_44, generate_p256
from madang.core.status.permutation import Permutation
from madang.infra.db import Database, sqlite_url
from madang.infra.ids import SystemIds
from madang.infra.tenancy import TenantId

SIZE = 1_000_000
LISTS = 10
CHANGED = (0.0, 0.01, 0.1, 0.5)
TENANT, NOW = TenantId("hanbit"), 1_800_000_000
POLICY = ListPolicy(SIZE, 90, 300, 86_400, 0, 120)


def status_rows() -> list[Row]:
    """Measure; takes about two minutes."""
    return [_places(), *(_change(share, form) for form in FORMS for share in CHANGED)]


def _places() -> Row:
    """Draw ten million places from ten lists, mark each, and count those that were marked."""
    ids, found, collisions = SystemIds(), [], 0
    for _ in range(LISTS):
        seen = bytearray(SIZE)
        started = time.process_time()
        place = Permutation(ids.bytes(32), SIZE).place
        for position in range(SIZE):
            at = place(position)
            collisions += seen[at]
            seen[at] = 1
        found.append(SIZE / (time.process_time() - started))
    if collisions:
        raise RuntimeError(f"{collisions} places were given twice")
    bound = median(rates(lambda: ids.below(SIZE)))
    return Row(
        what=f"places from {LISTS} lists of {SIZE:,}: {LISTS * SIZE:,}, none twice",
        figure=f"{median(found):,.0f} /s",
        spread=f"{min(found):,.0f} to {max(found):,.0f}",
        bound=f"one drawn by lot, which may be taken: {bound:,.0f} /s",
        share=f"{median(found) / bound:.2f}",
    )


def _change(share: float, form: str) -> Row:
    """Change one status of a list and publish it: bits, both signatures, durable commit."""
    with tempfile.TemporaryDirectory() as folder, _database(Path(folder)) as database:
        _fill(database, share)
        signers = Signers(generate_p256("issuer"), generate_ml_dsa_44("second"))
        press = Press(signers, lambda *_: None, POLICY)
        spent, size, statuses = [], 0, b""
        for number in range(RUNS + 1):
            started = time.process_time()
            with database.transaction() as session:
                store = ListStore(session)
                status = Status.SUSPENDED if number % 2 else Status.INVALID
                store.plan(TENANT, [Flip(Place(1, SIZE // 2), status, NOW)], now=NOW)
                store.apply(NOW)
                size = len(publish(_work(), store, 1, form, press).token)
                packed = store.statuses(TENANT, 1)
            spent.append((time.process_time() - started) * 1000)
            statuses = bytes(packed.values) if packed else b""
    spent = spent[1:]
    started = time.process_time()
    zlib.compress(statuses, 9)
    bound = (time.process_time() - started) * 1000
    kind = form.partition("+")[2].upper()
    return Row(
        what=f"{kind} list of {SIZE:,}, {share:.0%} not valid: change one and publish"
        f" ({size / 1000:,.0f} kB)",
        figure=f"{median(spent):.1f} ms",
        spread=f"{min(spent):.1f} to {max(spent):.1f}",
        bound=f"zlib level 9 alone: {bound:.1f} ms",
        share=f"{median(spent) / bound:.2f}",
        aim="below 10 ms",
    )


@contextmanager
def _database(folder: Path) -> Iterator[Database]:
    database = Database(sqlite_url(folder / "issuer.sqlite"))
    database.create(*TABLES)
    yield database
    database.close()


def _fill(database: Database, share: float) -> None:
    """Begin a list and change statuses at random places of it."""
    chance = Random(1)  # noqa: S311 - the same list in every run
    places = chance.sample(range(SIZE), int(SIZE * share))
    marks = (Status.INVALID, Status.SUSPENDED)
    with database.transaction() as session:
        store = ListStore(session)
        store.open(TENANT, 1, POLICY, bytes(32))
        session.flush()
        store.set(TENANT, 1, {place: chance.choice(marks) for place in places})


def _work() -> Work:
    return Work(TENANT, "https://issuer.example", NOW, SystemIds(), lambda _code, _reference: None)


if __name__ == "__main__":
    for each in status_rows():
        print(each.what, "|", each.figure, "|", each.spread, "|", each.bound, "|", each.share)

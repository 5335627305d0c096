"""Copies of one certificate change apart, within a bound, and nothing of it is lost."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from threading import Thread

import pytest
from sqlmodel import select

from issuer.office import Office
from issuer.settings import Settings
from issuer.sources.model import PersonId
from issuer.status.list_store import TABLES, FlipRow, ListStore
from issuer.status.model import CredentialRecord, Place, Reason, RecordId, Status
from issuer.status.routes import list_policy
from issuer.status.store import CredentialRow, RecordStore, ReplacementRow
from issuer.status.usecases import Change, ListPolicy, change_status, draw_places
from issuer.sweeper import sweep
from issuer.work import Work
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.core.encoding import base64url
from madang.core.keys.signing import Signer
from madang.core.status import token_jwt
from madang.core.status.token_status_list import INVALID, SUSPENDED, VALID, reference
from madang.infra.db import Database, sqlite_url
from madang.infra.ids import SeededIds
from madang.infra.tenancy import TenantId
from tests.unit.issuer.world import NOW, TENANT, World, digest_of, payload_of

STAGGER, PITCH = 3600, 120


class Desk:
    """An officer, a sweeper and whoever reads the list, over one database."""

    def __init__(self, database: Database, policy: ListPolicy) -> None:
        self.database = database
        self.policy = policy
        self.now = NOW
        self.ids = SeededIds("desk")
        database.create(CredentialRow, ReplacementRow, *TABLES)

    def work(self) -> Work:
        return Work(TenantId(TENANT), "https://i", self.now, self.ids, lambda *_: None)

    def issue(self, copies: int) -> list[int]:
        """Issue a certificate; return the indexes of its copies."""
        batch, work = self.ids.token(), self.work()
        with self.database.transaction() as session:
            places = draw_places(work, ListStore(session), copies, self.policy)
            records = [record(batch, place, self.ids.bytes(32)) for place in places]
            RecordStore(session).add(TENANT, records)
        return [place.index for place in places]

    def change(
        self, index: int, status: Status = Status.INVALID, reason: Reason = Reason.FACTS_CHANGED
    ) -> int:
        with self.database.transaction() as session:
            wanted = select(CredentialRow.digest).where(CredentialRow.list_index == index)
            change = Change(session.exec(wanted).one(), status, reason)
            stores = RecordStore(session), ListStore(session)
            return change_status(self.work(), *stores, change, self.policy)

    def sweep(self, seconds: int = 60) -> None:
        self.now += seconds
        with self.database.transaction() as session:
            ListStore(session).apply(self.now)

    def shown(self, indexes: Sequence[int]) -> list[int]:
        """Return what the list shows now."""
        with self.database.reading() as session:
            statuses = ListStore(session).statuses(TENANT, 1)
        assert statuses is not None
        return [statuses.get(index) for index in indexes]

    def waiting(self) -> list[FlipRow]:
        with self.database.reading() as session:
            return list(session.exec(select(FlipRow)))

    def history(self, indexes: Sequence[int], seconds: int, step: int = 60) -> list[set[int]]:
        """Sweep every `step` seconds; return which indexes changed from version to version."""
        before, versions = self.shown(indexes), []
        for _ in range(seconds // step):
            self.sweep(step)
            after = self.shown(indexes)
            pairs = zip(indexes, before, after, strict=True)
            versions.append({index for index, old, new in pairs if old != new})
            before = after
        return versions


def undone(desk: Desk, work: Callable[[ListStore], object]) -> None:
    """Do work in a transaction that is killed before its end."""

    def killed() -> None:
        with desk.database.transaction() as session:
            assert work(ListStore(session))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()


def record(batch: str, place: Place, digest: bytes) -> CredentialRecord:
    return CredentialRecord(
        id=RecordId(digest.hex()),
        batch=batch,
        digest=digest,
        holder="h",
        person=PersonId("p"),
        type_id=TypeId("t"),
        identity=True,
        level=IdentityLevel.HIGH,
        place=place,
        status=Status.VALID,
        expires_at=NOW + 10_000_000,
    )


def policy(stagger: int = STAGGER) -> ListPolicy:
    return ListPolicy(100_000, 90, 300, 86_400, stagger, PITCH)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk(Database(), policy())
    yield made
    made.database.close()


class TestApart:
    def test_each_copy_has_its_own_moment_and_all_are_within_the_bound(self, desk: Desk) -> None:
        for _ in range(20):
            indexes = desk.issue(4)
            assert desk.change(indexes[0]) == 4
            assert desk.shown(indexes) == [VALID] * 4
            versions = desk.history(indexes, STAGGER + PITCH)
            assert sorted(len(version) for version in versions if version) == [1, 1, 1, 1]
            assert desk.shown(indexes) == [INVALID] * 4

    def test_moments_are_drawn_and_on_a_grid_that_all_share(self, desk: Desk) -> None:
        for _ in range(50):
            desk.change(desk.issue(4)[0])
        dues = [flip.due for flip in desk.waiting()]
        assert len(dues) == 200
        assert all(due % PITCH == 0 for due in dues)
        assert min(dues) > NOW
        assert max(dues) <= NOW + STAGGER
        assert len({*dues}) == STAGGER // PITCH
        assert max(Counter(dues).values()) < 20

    def test_more_copies_than_moments_share_them_evenly(self) -> None:
        desk = Desk(Database(), policy(PITCH * 3))
        desk.change(desk.issue(9)[0])
        assert sorted(Counter(flip.due for flip in desk.waiting()).values()) == [3, 3, 3]
        desk.database.close()

    @pytest.mark.parametrize("stagger", [0, PITCH, 2 * PITCH - 1])
    def test_without_room_to_stagger_all_change_at_once(self, stagger: int) -> None:
        desk = Desk(Database(), policy(stagger))
        indexes = desk.issue(4)
        desk.change(indexes[0])
        assert desk.shown(indexes) == [INVALID] * 4
        desk.database.close()

    @pytest.mark.parametrize("reason", [Reason.LOST_DEVICE, Reason.ISSUED_IN_ERROR])
    def test_what_somebody_else_may_use_does_not_wait(self, desk: Desk, reason: Reason) -> None:
        indexes = desk.issue(4)
        desk.change(indexes[0], reason=reason)
        assert desk.shown(indexes) == [INVALID] * 4
        assert not desk.waiting()

    def test_a_device_found_lost_later_does_not_wait_either(self, desk: Desk) -> None:
        indexes = desk.issue(4)
        desk.change(indexes[0], Status.SUSPENDED, Reason.UNDER_INQUIRY)
        desk.change(indexes[1], Status.INVALID, Reason.LOST_DEVICE)
        assert desk.shown(indexes) == [INVALID] * 4
        desk.sweep(2 * STAGGER)
        assert desk.shown(indexes) == [INVALID] * 4

    def test_an_inquiry_closed_before_a_copy_changed_leaves_it_as_it_was(self, desk: Desk) -> None:
        indexes = desk.issue(4)
        desk.change(indexes[0], Status.SUSPENDED, Reason.UNDER_INQUIRY)
        desk.change(indexes[0], Status.VALID, Reason.INQUIRY_CLOSED)
        assert not any(desk.history(indexes, 2 * STAGGER))
        assert not desk.waiting()

    @pytest.mark.parametrize("first", [Status.SUSPENDED, Status.INVALID])
    def test_a_second_decision_postpones_no_copy(self, desk: Desk, first: Status) -> None:
        """Else a certificate counts as long as somebody goes on deciding."""
        indexes = desk.issue(4)
        desk.change(indexes[0], first)
        moments = {(flip.index, flip.due) for flip in desk.waiting()}
        desk.change(indexes[0])
        assert {(flip.index, flip.due) for flip in desk.waiting()} == moments
        desk.sweep(STAGGER)
        assert desk.shown(indexes) == [INVALID] * 4

    def test_a_suspension_ends_apart_too(self, desk: Desk) -> None:
        indexes = desk.issue(4)
        desk.change(indexes[0], Status.SUSPENDED, Reason.UNDER_INQUIRY)
        desk.history(indexes, STAGGER + PITCH)
        assert desk.shown(indexes) == [SUSPENDED] * 4
        desk.change(indexes[0], Status.VALID, Reason.INQUIRY_CLOSED)
        versions = desk.history(indexes, STAGGER + PITCH)
        assert sorted(len(version) for version in versions if version) == [1, 1, 1, 1]
        assert desk.shown(indexes) == [VALID] * 4


class TestNothingIsLost:
    def test_a_transaction_that_ends_early_leaves_all_changes_waiting(self, desk: Desk) -> None:
        indexes = desk.issue(4)
        desk.change(indexes[0])
        desk.now += 2 * STAGGER
        undone(desk, lambda store: store.apply(desk.now))
        assert desk.shown(indexes) == [VALID] * 4
        assert len(desk.waiting()) == 4
        desk.sweep()
        assert desk.shown(indexes) == [INVALID] * 4
        assert not desk.waiting()

    def test_they_wait_through_a_restart(self, tmp_path: Path) -> None:
        url = sqlite_url(tmp_path / "issuer.sqlite")
        before = Desk(Database(url), policy())
        indexes = before.issue(4)
        before.change(indexes[0])
        before.database.close()
        after = Desk(Database(url), policy())
        after.sweep(2 * STAGGER)
        assert after.shown(indexes) == [INVALID] * 4
        after.database.close()

    def test_two_sweepers_do_no_more_than_one(self, desk: Desk) -> None:
        indexes = desk.issue(4)
        desk.change(indexes[0])
        desk.now += 2 * STAGGER
        for expected in (4, 0):
            with desk.database.transaction() as session:
                assert ListStore(session).apply(desk.now) == expected

    def test_a_place_is_given_once_whatever_is_undone(self, desk: Desk) -> None:
        given = desk.issue(3)
        undone(desk, lambda store: draw_places(desk.work(), store, 5, desk.policy))
        for _ in range(300):
            given += desk.issue(7)
        assert len({*given}) == len(given) == 2103

    def test_workers_that_draw_at_the_same_time_give_no_place_twice(self, tmp_path: Path) -> None:
        url = sqlite_url(tmp_path / "issuer.sqlite")
        first = Desk(Database(url), policy())
        first.issue(1)
        given: list[int] = []

        def draw(seed: str) -> None:
            worker = Desk(Database(url), policy())
            worker.ids = SeededIds(seed)
            for _ in range(40):
                given.extend(worker.issue(5))
            worker.database.close()

        workers = [Thread(target=draw, args=(f"worker {number}",)) for number in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len({*given}) == len(given) == 600
        first.database.close()


class TestAServiceAsItRuns:
    def test_the_issuer_counts_by_a_change_at_once_and_the_list_follows(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        copies = world.digital_id(world.people()[0], holder_keys)
        digest = base64url.encode(digest_of(copies[0]))
        body = {"credential_digest": digest, "status": "invalid", "reason_code": "facts_changed"}
        assert world.call("POST", "credentials/status", body, role="officer").status_code == 200
        assert shown(world, copies) == [VALID] * 4
        answer = world.certificates(copies[1], "resident_register_abstract")
        assert answer.json()["title"] == "digital_id_not_valid"
        deps = world.deps
        office = Office(
            world.settings, deps.clock, deps.ids, deps.database, deps.catalogue, deps.addresses
        )
        world.clock.advance(world.settings.status_stagger_seconds)
        sweep(office)
        assert shown(world, copies) == [INVALID] * 4

    def test_two_sweeps_lie_between_two_moments(self, settings: Settings) -> None:
        assert list_policy(settings).pitch == 2 * settings.sweep_seconds

    def test_all_copies_have_moments_within_the_bound_that_is_told(self) -> None:
        """docs/adr/0024-copies-change-apart.md: 22 minutes, 6 in an emergency."""
        settings = Settings()
        told = list_policy(settings)
        assert told.stagger // told.pitch >= settings.batch_size
        emergency = told.ttl // 5 + told.ttl
        assert emergency == 6 * 60
        assert told.stagger + settings.sweep_seconds + emergency == 22 * 60


def shown(world: World, copies: Sequence[str]) -> list[int]:
    token = world.client.get(f"/{TENANT}/issuer/statuslists/1").text
    statuses = token_jwt.read(token_jwt.parse(token)).packed.unpack()
    places = [reference(payload_of(copy)) for copy in copies]
    return [statuses.get(place[1]) for place in places if place is not None]


BATCHES, COPIES, MARGIN = 60, 4, 0.01


def linked(stagger: int, apart: int = 1, step: int = 60) -> tuple[float, float]:
    """Return how often a guess that two copies belong together is right, and by chance.

    Whoever keeps all versions of the list guesses by how far apart two copies changed: at most so
    much, or more than so much, whatever serves best.

    Args:
        stagger: seconds over which the copies of one certificate change.
        apart: seconds between two decisions of the officer.
        step: seconds between two versions of the list.
    """
    desk = Desk(Database(), policy(stagger))
    batches = [desk.issue(COPIES) for _ in range(BATCHES)]
    known = sorted(index for batch in batches for index in batch)
    versions = []
    for number, batch in enumerate(batches):
        before = desk.shown(known)
        desk.change(batch[number % COPIES])
        pairs = zip(known, before, desk.shown(known), strict=True)
        versions.append({index for index, old, new in pairs if old != new})
        versions += desk.history(known, apart, step)
        desk.now += apart % step
    versions += desk.history(known, stagger + 2 * PITCH, step)
    desk.database.close()
    at = {index: time for time, version in enumerate(versions) for index in version}
    assert at.keys() == {*known}
    pairs = {(one, two): abs(at[one] - at[two]) for one, two in combinations(known, 2)}
    together = {pair for batch in batches for pair in combinations(sorted(batch), 2)}
    return best_guess(pairs, together), len(together) / len(pairs)


def best_guess(pairs: Mapping[tuple[int, int], int], together: set[tuple[int, int]]) -> float:
    """Return the share of right ones in the best of the guesses."""
    guesses = []
    for distance in {*pairs.values()}:
        near = {pair for pair, apart in pairs.items() if apart <= distance}
        guesses += [near, pairs.keys() - near]
    # A guess about a handful of pairs is right or wrong by luck.
    return max(len(guess & together) / len(guess) for guess in guesses if len(guess) >= 300)


def test_who_compares_all_versions_of_a_list_does_not_find_the_copies_that_belong_together() -> (
    None
):
    found, chance = linked(STAGGER)
    assert found < chance + MARGIN


def test_the_same_comparison_finds_them_when_they_change_together() -> None:
    found, chance = linked(0)
    assert found == 1.0
    assert chance < 0.02


def test_nothing_hides_a_certificate_that_changes_alone() -> None:
    """What the decision record says it cannot do."""
    found, _ = linked(STAGGER, apart=2 * STAGGER, step=900)
    assert found == 1.0

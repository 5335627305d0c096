"""Looking up entries and receipts, and the growth between two heads."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger_node.audit import usecases
from ledger_node.audit.model import ChainHead, Criteria
from ledger_node.audit.store import SqlAuditedLogs
from ledger_node.audit.usecases import UnreadableLogError
from madang.core.encoding import base64url
from madang.core.merkle.entry import EntryKind
from tests.unit.ledger_node.audit.world import TENANT, World, digest_of, salt_of


def log(world: World) -> SqlAuditedLogs:
    return SqlAuditedLogs(world.deps.database, TENANT)


class TestLookUp:
    def test_the_smallest_head_on_the_chain_is_taken(self, world: World) -> None:
        found = usecases.look_up(world.publisher, log(world), 30, None)
        assert found is not None
        assert found.holds
        assert (found.head.size, found.head.block) == (75, 102)
        assert found.anchor == found.head
        assert len(found.steps) == len(found.proof) + 1

    def test_the_newest_head_while_the_chain_has_none(self, world: World) -> None:
        found = usecases.look_up(world.publisher, log(world), 299, None)
        assert found is not None
        assert (found.head.size, found.anchor, found.holds) == (300, None, True)

    def test_a_head_of_one_s_own_choice(self, world: World) -> None:
        found = usecases.look_up(world.publisher, log(world), 0, 250)
        assert found is not None
        assert found.anchor is not None
        assert (found.head.size, found.anchor.size, found.holds) == (250, 25, True)

    def test_the_chain_s_own_head_is_taken_where_it_covers(self, world: World) -> None:
        chain = ChainHead(275, bytes(32))
        places = [(30, None, 275), (274, None, 275), (275, None, 300), (30, 100, 100)]
        for index, size, head in places:
            found = usecases.look_up_on(chain, world.publisher, log(world), index, size)
            assert found is not None
            assert found.head.size == head

    def test_a_head_that_only_the_chain_has_hides_nothing(self, world: World) -> None:
        chain = ChainHead(1_000, bytes(32))
        found = usecases.look_up_on(chain, world.publisher, log(world), 30, None)
        assert found is not None
        assert found.head.size == 75
        assert usecases.look_up_on(chain, world.publisher, log(world), 999, None) is None
        assert usecases.look_up_on(None, world.publisher, log(world), 30, None) == found

    @pytest.mark.parametrize(
        ("index", "size"), [(300, None), (0, 26), (25, 25), (2**53 - 1, None), (-1, None)]
    )
    def test_what_is_not_there(self, world: World, index: int, size: int | None) -> None:
        assert usecases.look_up(world.publisher, log(world), index, size) is None

    def test_a_log_without_entries(self, tmp_path: Path) -> None:
        world = World.made(tmp_path)
        assert usecases.look_up(world.publisher, log(world), 0, None) is None

    def test_a_damaged_file_gives_a_proof_that_does_not_hold(self, world: World) -> None:
        found = usecases.look_up(world.publisher, log(world), 30, None)
        assert found is not None
        assert not replace(found, head=replace(found.head, root=bytes(32))).holds

    def test_a_missing_file_is_told(self, own: World) -> None:
        for path in own.publisher.files.folder.glob("tile/0/**/*"):
            if path.is_file():
                path.unlink()
        with pytest.raises(UnreadableLogError):
            usecases.look_up(own.publisher, log(own), 30, None)
        with pytest.raises(UnreadableLogError):
            usecases.grown(own.publisher, log(own), 25, 300)


class TestCommitment:
    @pytest.mark.parametrize("number", [0, 299])
    def test_a_thing_is_found_by_digest_and_salt(self, world: World, number: int) -> None:
        salt = base64url.encode(salt_of(number))
        digest = digest_of(number)
        for text in (base64url.encode(digest), f" {digest.hex()} ", digest.hex().upper()):
            assert usecases.index_of(log(world), salt, text) == number

    @pytest.mark.parametrize(
        ("salt", "digest"),
        [
            ("", ""),
            ("=", "="),
            ("AAAA", "AAAA"),
            (base64url.encode(bytes(32)), "A" * 43),
            ("한", "글"),
        ],
    )
    def test_what_is_not_there(self, world: World, salt: str, digest: str) -> None:
        assert usecases.index_of(log(world), salt, digest) is None


class TestGrown:
    @pytest.mark.parametrize(("old", "new"), [(25, 300), (300, 25), (100, 100), (50, 75)])
    def test_one_head_extends_the_other(self, world: World, old: int, new: int) -> None:
        found = usecases.grown(world.publisher, log(world), old, new)
        assert found is not None
        assert found.holds
        assert (found.old.size, found.new.size) == (min(old, new), max(old, new))
        assert not replace(found, old=replace(found.old, root=bytes(32))).holds
        assert not replace(found, new=replace(found.new, root=bytes(32))).holds

    @pytest.mark.parametrize(("old", "new"), [(1, 300), (25, 26), (0, 300), (0, 0)])
    def test_there_is_no_such_head(self, world: World, old: int, new: int) -> None:
        assert usecases.grown(world.publisher, log(world), old, new) is None


class TestSearch:
    def test_only_what_a_signed_head_covers(self, world: World) -> None:
        world.publisher.accept([])
        page = usecases.search(log(world), Criteria(), None, 25)
        assert (page.tally.count, page.next) == (300, 275)
        assert [entry.sequence for entry in page.entries] == list(range(299, 274, -1))

    def test_the_last_page_has_no_next(self, world: World) -> None:
        page = usecases.search(log(world), Criteria(), 25, 25)
        assert (page.tally.count, page.next, len(page.entries)) == (300, None, 25)

    @pytest.mark.parametrize(("block", "count"), [(101, 25), (102, 50), (106, 50), (99, 0)])
    def test_what_a_block_was_the_first_to_cover(
        self, world: World, block: int, count: int
    ) -> None:
        page = usecases.search(log(world), Criteria(block=block), None, 100)
        assert page.tally.count == len(page.entries) == count

    def test_a_log_without_entries(self, tmp_path: Path) -> None:
        page = usecases.search(log(World.made(tmp_path)), Criteria(), None, 25)
        assert (page.entries, page.tally.count, page.next) == ([], 0, None)


class TestReceipt:
    def test_a_receipt_that_holds(self, world: World) -> None:
        assert usecases.judge(world.publisher, log(world), world.receipt(5)).ok

    @pytest.mark.parametrize(
        ("changes", "codes"),
        [
            ({"salt": bytes(32)}, ["commitment"]),
            ({"kind": EntryKind.KEY}, ["kind"]),
            ({"inclusion_proof": ()}, ["inclusion"]),
            ({"log_origin": "x"}, ["origin"]),
            ({"checkpoint": "x"}, ["checkpoint"]),
            ({"index": 6}, ["sequence", "inclusion", "entry"]),
            ({"index": 10**40}, ["sequence", "inclusion", "entry"]),
        ],
    )
    def test_each_failure_is_named(
        self, world: World, changes: dict[str, object], codes: list[str]
    ) -> None:
        receipt = replace(world.receipt(5), **changes)  # type: ignore[arg-type]
        failures = usecases.judge(world.publisher, log(world), receipt).failures
        assert [failure.code for failure in failures] == codes

    def test_a_receipt_of_another_story(self, world: World) -> None:
        receipt = world.receipt(5)
        other = replace(receipt.entry, commitment=bytes(32))
        failures = usecases.judge(
            world.publisher, log(world), replace(receipt, entry=other)
        ).failures
        assert [failure.code for failure in failures] == ["commitment", "inclusion", "entry"]

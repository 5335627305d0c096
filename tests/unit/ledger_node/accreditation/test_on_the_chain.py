"""The registry on a real chain: founded, sealed, published, changed, read."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from madang.cli.governance import GovernanceError
from madang.core.trust import snapshot
from madang.core.trust.accreditation import Issuer, encode_document, parse_document
from madang.core.trust.changes import Action
from madang.core.trust.registry import Registry, TrustError
from madang.core.trust.snapshot import SnapshotError, open_snapshot, sign
from madang.infra.chain import ChainError
from madang.infra.founding import type_names
from madang.infra.rpc import RpcError
from tests.unit.ledger_node.accreditation.city import (
    DAY,
    OTHER,
    TENANT,
    RegistryCity,
    registry_city,
)

pytestmark = pytest.mark.xdist_group("chain")
Story = Callable[[RegistryCity], Awaitable[None]]


def tell(state: Path, port: int, story: Story) -> None:
    async def run() -> None:
        async with registry_city(state, port) as city:
            await story(city)

    asyncio.run(run())


def registry(city: RegistryCity) -> Registry:
    return city.reader.registry(now=city.clock.now())


def standing(city: RegistryCity, at: int | None = None, type_id: str = "lease") -> str:
    """Return "" where the issuer's signature of a time counts, or the code of the refusal."""
    now = city.clock.now()
    try:
        registry(city).issuer(
            city.identifier("issuer"), city.vct(type_id), at=now if at is None else at, now=now
        )
    except TrustError as error:
        return error.code
    return ""


def test_a_founded_registry_is_what_the_catalogue_agreed(state: Path, port: int) -> None:
    async def story(city: RegistryCity) -> None:
        await city.look()
        found, now = registry(city), city.clock.now()
        for tenant in (TENANT, OTHER):
            for type_id in city.catalogue.types:
                issuer = city.identifier("issuer", tenant)
                for name in type_names(city.catalogue, city.addresses, type_id):
                    assert found.issuer(issuer, name, at=now, now=now)
            for purpose in city.catalogue.federation.purposes:
                asks = {city.vct(each): paths for each, paths in purpose.asks.items()}
                verifier = city.identifier("verifier", tenant)
                assert found.verifier(verifier, purpose.id, asks, now=now)
            log = found.log(city.identifier("log", tenant), now=now)
            assert log.origin == city.addresses.log_origin(tenant)
            account = city.work.anchoring.accounts[tenant].address
            assert log.owner == account
            lease = found.lease(tenant)
            assert lease is not None
            assert (lease.holder, lease.fence) == (account.lower(), 1)

    tell(state, port, story)


def test_a_suspended_issuer_counts_for_nothing_within_one_look_and_is_resumed_by_quorum_and_lock(
    state: Path, port: int
) -> None:
    async def story(city: RegistryCity) -> None:
        await city.look()
        issued = city.clock.now()
        assert standing(city) == ""
        await city.travel(60)  # what is signed in the second of the suspension does not count
        record = await city.suspend("issuer")
        await city.look()
        assert standing(city) == "issuer_suspended"
        assert standing(city, issued) == "issuer_suspended"
        with pytest.raises(GovernanceError, match="suspended already"):
            await city.suspend("issuer")
        proposal = await city.decide(Action.RESUME_RECORD, record)
        with pytest.raises(GovernanceError, match="too early"):
            await city.execute(proposal)
        await city.travel(DAY + 60)
        await city.execute(proposal)
        await city.look()
        city.clock.advance(30)  # the engine's own clock has run on meanwhile
        assert standing(city) == ""
        assert standing(city, issued) == ""
        # What was signed during the suspension never counts.
        assert standing(city, issued + DAY // 2) == "issuer_not_accredited"

    tell(state, port, story)


def test_a_new_type_is_added_by_proposal_and_quorum(state: Path, port: int) -> None:
    async def story(city: RegistryCity) -> None:
        await city.look()
        record = await city.record_of("issuer")
        document = parse_document(record.content)
        assert isinstance(document, Issuer)
        fresh = city.vct("lease").replace("lease", "fishing")
        content = encode_document(replace(document, types=(*document.types, fresh)))
        proposal = await city.decide(Action.ADD_RECORD, (1).to_bytes(32), content)
        await city.travel(DAY + 60)
        await city.execute(proposal)
        await city.look()
        city.clock.advance(30)
        now = city.clock.now()
        assert registry(city).issuer(city.identifier("issuer"), fresh, at=now, now=now)

    tell(state, port, story)


def test_unchanged_accreditations_are_signed_again_only_when_they_get_old(
    state: Path, port: int
) -> None:
    async def story(city: RegistryCity) -> None:
        assert await city.publication.refresh() == 2
        assert await city.publication.refresh() == 0
        await city.reader.refresh()
        before = registry(city).basis
        await city.travel(2 * 3_600)  # the chain has made no block: it is made to make one
        assert await city.publication.refresh() == 2
        await city.reader.refresh()
        after = registry(city).basis
        assert (after.version, after.block) == (before.version, before.block + 1)
        assert after.age(city.clock.now()) < 60
        await city.suspend("verifier", OTHER)
        assert await city.publication.refresh() == 2

    tell(state, port, story)


def test_while_the_chain_is_away_the_last_one_is_served_with_its_true_age(
    state: Path, port: int
) -> None:
    async def story(city: RegistryCity) -> None:
        await city.look()
        assert city.work.engine is not None
        await city.work.engine.stop()
        city.clock.advance(DAY - 120)
        with pytest.raises((RpcError, ChainError)):
            await city.publication.refresh()
        await city.reader.refresh()
        assert registry(city).basis.age(city.clock.now()) > DAY - 200
        city.clock.advance(300)
        with pytest.raises(SnapshotError) as refused:
            registry(city)
        assert refused.value.code == "snapshot_stale"

    tell(state, port, story)


def test_a_reader_without_a_network_goes_on_through_a_restart_until_the_age_is_reached(
    state: Path, port: int
) -> None:
    async def story(city: RegistryCity) -> None:
        await city.look()
        city.web.up = False
        again = city.new_reader(city.reader._database)
        assert again.registry(now=city.clock.now()).basis == registry(city).basis
        with pytest.raises(SnapshotError) as refused:
            await again.refresh()
        assert refused.value.code == "snapshot_unreachable"
        assert again.registry(now=city.clock.now() + DAY - 60)
        with pytest.raises(SnapshotError) as refused:
            again.registry(now=city.clock.now() + DAY + 60)
        assert refused.value.code == "snapshot_stale"
        with pytest.raises(SnapshotError) as refused:
            again.registry(now=city.clock.now() - DAY)
        assert refused.value.code == "snapshot_ahead"
        empty = city.new_reader()
        with pytest.raises(SnapshotError) as refused:
            empty.registry(now=city.clock.now())
        assert refused.value.code == "snapshot_missing"

    tell(state, port, story)


def test_each_snapshot_that_is_not_to_be_trusted_is_refused_by_its_code(
    state: Path, port: int
) -> None:
    async def story(city: RegistryCity) -> None:
        await city.look()
        with city.web.stores() as store:
            newest = store.newest(TENANT)
        assert newest is not None
        _, good = open_snapshot(newest.compact)
        signer = city.keys.signer(TENANT, "accreditations")
        await city.suspend("issuer")
        await city.look()

        async def code(compact: str) -> str:
            city.web.instead = compact.encode()
            with pytest.raises(SnapshotError) as refused:
                await city.reader.refresh()
            city.web.instead = None
            assert standing(city) == "issuer_suspended"  # the one kept stays
            return refused.value.code

        assert await code(newest.compact) == "snapshot_rolled_back"
        assert await code(sign(good, city.keys.signer(TENANT, "issuer"))) == "snapshot_signature"
        place = replace(good.place, genesis_hash="0x" + "99" * 32)
        assert await code(sign(replace(good, place=place), signer)) == "snapshot_other_chain"
        with city.web.stores() as store:
            current = store.newest(TENANT)
        assert current is not None
        _, suspended = open_snapshot(current.compact)
        changes = (*suspended.changes[:-1], replace(suspended.changes[-1], time=1))
        assert await code(sign(replace(suspended, changes=changes), signer)) == "snapshot_history"
        assert await code("x") == "snapshot_malformed"
        city.clock.advance(DAY + 600)
        city.web.instead = current.compact.encode()
        with pytest.raises(SnapshotError) as refused:
            await city.reader.refresh()
        assert refused.value.code == "snapshot_stale"

    tell(state, port, story)


def test_a_node_that_is_stuck_hides_no_suspension_that_another_publishes(
    state: Path, port: int
) -> None:
    async def story(city: RegistryCity) -> None:
        await city.look()
        with city.web.stores() as store:
            newest = store.newest(TENANT)
        assert newest is not None
        city.web.stuck[f"{city.identifier('log')}/accreditations"] = newest.compact
        await city.travel(3 * 3_600)
        await city.suspend("issuer")
        await city.look()
        assert standing(city) == "issuer_suspended"
        await city.look()
        assert standing(city) == "issuer_suspended"

    tell(state, port, story)


def test_what_was_seen_binds_though_its_publishers_certificate_has_ended(
    state: Path, port: int
) -> None:
    async def story(city: RegistryCity) -> None:
        await city.suspend("issuer")
        await city.look()
        seen = city.reader._known
        city.clock.advance(100 * 365 * DAY)
        again = city.new_reader(city.reader._database)
        with pytest.raises(SnapshotError) as refused:
            again.registry(now=city.clock.now())
        assert refused.value.code == "snapshot_stale"
        with pytest.raises(SnapshotError):
            await again.refresh()
        assert seen is not None
        assert again._known is not None
        assert again._known.seen == seen.seen

    tell(state, port, story)


def test_a_registry_that_outgrows_readers_leaves_the_last_snapshot_published(
    state: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(city: RegistryCity) -> None:
        await city.look()
        with city.web.stores() as store:
            before = [store.newest(tenant) for tenant in (TENANT, OTHER)]
        assert before[0] is not None
        monkeypatch.setattr(snapshot, "MAX_CHANGES", before[0].version)
        await city.suspend("issuer")
        with pytest.raises(SnapshotError, match="at most") as refused:
            await city.publication.refresh()
        assert refused.value.code == "snapshot_too_large"
        with city.web.stores() as store:
            assert [store.newest(tenant) for tenant in (TENANT, OTHER)] == before

    tell(state, port, story)


def test_a_node_that_hides_an_event_is_noticed(state: Path, port: int) -> None:
    async def story(city: RegistryCity) -> None:
        await city.suspend("issuer")
        contract, block = city.contract, await city.publication.reader.final()
        assert block is not None

        class Hiding:
            async def call(self, method: str, *params: object) -> Any:
                found = await city.work.anchoring.chain.rpc.call(method, *params)
                return found[:-1] if method == "eth_getLogs" else found

        contract._rpc = Hiding()  # type: ignore[assignment]  # what of the port is used
        with pytest.raises(ChainError, match="name another node"):
            await contract.read(block)

    tell(state, port, story)


def test_a_node_that_hides_a_document_is_noticed(state: Path, port: int) -> None:
    async def story(city: RegistryCity) -> None:
        contract, block = city.contract, await city.publication.reader.final()
        assert block is not None

        class Hiding:
            async def call(self, method: str, *params: object) -> Any:
                found = await city.work.anchoring.chain.rpc.call(method, *params)
                if method != "eth_getLogs":
                    return found
                longest = max(found, key=lambda each: len(each["data"]))
                return [each for each in found if each is not longest]

        contract._rpc = Hiding()  # type: ignore[assignment]  # what of the port is used
        with pytest.raises(ChainError, match=r"document of record .* name another node"):
            await contract.read(block)

    tell(state, port, story)


def test_proposals_are_told_with_their_approvals(state: Path, port: int) -> None:
    async def story(city: RegistryCity) -> None:
        record = await city.record_of("verifier", OTHER)
        desk = city.governance()
        call = desk.contract.propose_call(Action.REMOVE_RECORD, record.id)
        await desk.send("propose", call)
        (made,) = await desk.contract.proposals()
        assert (made.action, made.target, made.ready) == (Action.REMOVE_RECORD, record.id, 0)
        assert made.approvals == (desk.account.address.lower(),)
        other = city.governance(OTHER)
        await other.send("approve", other.contract.approve_call(1))
        assert (await desk.proposal(1)).ready > city.clock.now()
        await other.send("withdraw", other.contract.withdraw_call(1))
        assert (await desk.proposal(1)).ready == 0
        with pytest.raises(GovernanceError, match="no proposal 2"):
            await desk.proposal(2)
        with pytest.raises(GovernanceError, match="expected one"):
            await desk.record("")

    tell(state, port, story)

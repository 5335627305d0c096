"""The contracts are deployed, founded and sealed once, however often it is cut off in between."""

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from contracts import addresses, artifacts
from contracts.addresses import DeploymentError
from ledger_node.chain.deployment import Deployer, FoundingRecord, tenant_word
from ledger_node.chain.engine import EmbeddedEngine, EngineSettings
from ledger_node.chain.usecases import TransactionSender
from ledger_node.settings import Settings
from madang.infra.chain import ChainError, RpcChain, call_data
from madang.infra.clock import SystemClock
from madang.infra.rpc import JsonRpc, Rpc, RpcError, WrongNodeError
from tests.unit.ledger_node.conftest import CHAIN_ID, GENESIS, OTHER, TENANT, Ground

ACCREDITATION = artifacts.load("Accreditation")
STEPS = ["deploy", "deploy", "found", "found", "lease", "lease", "set-anchor-log", "seal"]


class CutOff(Exception):  # noqa: N818 - what happens, not what is wrong
    """The process ends here."""


class CuttingRpc:
    """The engine's calls, cut off at the n-th transaction that is sent.

    Args:
        rpc: the engine.
        at: which one, from 0.
        after: whether the engine gets it first.
    """

    def __init__(self, rpc: JsonRpc, at: int, *, after: bool) -> None:
        self._rpc, self._left, self._after = rpc, at, after

    async def call(self, method: str, *params: object) -> Any:
        if method == "eth_sendRawTransaction":
            self._left -= 1
            if self._left < 0:
                if self._after:
                    await self._rpc.call(method, *params)
                raise CutOff
        return await self._rpc.call(method, *params)

    async def close(self) -> None:
        await self._rpc.close()


def _engine(ground: Ground) -> EmbeddedEngine:
    settings = EngineSettings(Settings().engine, ground.port, CHAIN_ID, GENESIS, ground.cache)
    return EmbeddedEngine(settings, SystemClock())


def _deployer(ground: Ground, rpc: JsonRpc, *, serial: bool = True) -> Deployer:
    anchoring = ground.anchoring(rpc)
    sender = TransactionSender(
        anchoring.chain, ground.stores, 5.0, turn_file=ground.folder / "turn" if serial else None
    )
    return ground.deployer(replace(anchoring, sender=sender))


async def _asked(engine: EmbeddedEngine, address: str, name: str, *arguments: object) -> str:
    data = call_data(ACCREDITATION.abi, name, *arguments)
    call = {"to": address, "data": "0x" + data.hex()}
    return str(await engine.rpc.call("eth_call", call, "latest"))


async def _check(ground: Ground, engine: EmbeddedEngine) -> None:
    """Hold the chain against what was to be deployed."""
    deployment = addresses.read(ground.folder / "contract.json")
    accreditation, log = deployment["Accreditation"].address, deployment["AnchorLog"].address
    assert int(await _asked(engine, accreditation, "sealed"), 16) == 1
    assert int(await _asked(engine, accreditation, "recordCount"), 16) == 2
    assert int(await _asked(engine, accreditation, "quorum"), 16) == 2
    assert int(await _asked(engine, accreditation, "anchorLog"), 16) == int(log, 16)
    for tenant, account in ground.accounts.items():
        lease = await _asked(engine, accreditation, "lease", tenant_word(tenant))
        assert int(lease[2:66], 16) == int(account.address, 16)
        id_ = hashlib.sha256(f"log of {tenant}".encode()).digest()
        record = await _asked(engine, accreditation, "record", id_)
        assert [int(record[2 + 64 * at : 66 + 64 * at], 16) for at in range(2)] == [
            4,
            int(account.address, 16),
        ]
    guardian = call_data(artifacts.load("AnchorLog").abi, "guardian")
    call = {"to": log, "data": "0x" + guardian.hex()}
    assert int(await engine.rpc.call("eth_call", call, "latest"), 16) == int(accreditation, 16)
    assert await RpcChain(engine.rpc).mismatches(deployment) == ()
    assert deployment.final_depth == 0
    assert [each.purpose.partition(":")[0] for each in ground.record()] == STEPS


def test_it_is_done_once_in_order_and_twice_is_nothing(ground: Ground) -> None:
    async def lives() -> None:
        engine = _engine(ground)
        await engine.start([])
        first = await _deployer(ground, engine.rpc).deploy()
        await _check(ground, engine)
        sent = ground.record()
        assert await _deployer(ground, engine.rpc).deploy() == first
        assert ground.record() == sent
        (ground.folder / "contract.json").unlink()
        assert await _deployer(ground, engine.rpc).deploy() == first
        assert ground.record() == sent
        await engine.stop()

    asyncio.run(lives())


@pytest.mark.parametrize("after", [False, True])
def test_whoever_is_cut_off_at_any_step_goes_on_there(ground: Ground, *, after: bool) -> None:
    async def lives() -> None:
        engine = _engine(ground)
        await engine.start([])
        for at in range(len(STEPS)):
            snapshot = await engine.rpc.call("evm_snapshot")
            here = Ground(ground.folder / str(at), ground.port)
            here.folder.mkdir()
            with pytest.raises(CutOff):
                await _deployer(here, CuttingRpc(engine.rpc, at, after=after)).deploy()
            assert not (here.folder / "contract.json").exists()
            await _deployer(here, engine.rpc).deploy()
            await _check(here, engine)
            here.database.close()
            await engine.rpc.call("evm_revert", snapshot)
        await engine.stop()

    asyncio.run(lives())


def test_it_comes_to_its_end_when_it_is_cut_off_after_every_step(ground: Ground) -> None:
    async def lives() -> None:
        engine = _engine(ground)
        await engine.start([])
        for _ in STEPS:
            with pytest.raises(CutOff):
                await _deployer(ground, CuttingRpc(engine.rpc, 0, after=True)).deploy()
        await _deployer(ground, engine.rpc).deploy()
        await _check(ground, engine)
        await engine.stop()

    asyncio.run(lives())


def test_where_blocks_take_their_time_records_share_them(ground: Ground) -> None:
    async def lives() -> None:
        engine = _engine(ground)
        await engine.start([])
        await engine.rpc.call("evm_setIntervalMining", 1)
        await engine.rpc.call("evm_setAutomine", False)  # noqa: FBT003 - JSON
        await _deployer(ground, engine.rpc, serial=False).deploy()
        await _check(ground, engine)
        founded = [each.block for each in ground.record()[2:6]]
        assert len({*founded}) <= 2
        await engine.stop()

    asyncio.run(lives())


def test_a_record_that_the_contract_refuses_ends_it_before_it_is_signed(ground: Ground) -> None:
    async def lives() -> None:
        engine = _engine(ground)
        await engine.start([])
        good = _deployer(ground, engine.rpc)
        twice = FoundingRecord(9, ground.accounts[TENANT].address, b"no such kind")
        bad = replace(good, records=lambda _holders: [twice])
        with pytest.raises(ChainError, match=r"would refuse found:.*no such kind"):
            await bad.deploy()
        assert not (ground.folder / "contract.json").exists()
        await good.deploy()
        await _check(ground, engine)
        await engine.stop()

    asyncio.run(lives())


def test_a_node_of_another_chain_is_refused_by_name(ground: Ground) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            deployer = ground.deployer(running.anchoring)
            here = running.deployment
            file = ground.folder / "contract.json"
            code = replace(here["AnchorLog"], code_hash="0x" + "00" * 32)
            for changed, named in [
                (replace(here, chain_id=1), f"chain_id is {CHAIN_ID}, not 1"),
                (replace(here, genesis_hash="0x" + "00" * 32), "genesis_hash is "),
                (replace(here, contracts={**here.contracts, "AnchorLog": code}), "AnchorLog.code_"),
            ]:
                addresses.write(file, changed)
                with pytest.raises(WrongNodeError, match=named):
                    await deployer.deploy()
            addresses.write(file, replace(here, contracts={"AnchorLog": here["AnchorLog"]}))
            with pytest.raises(DeploymentError, match="no contract 'Accreditation'"):
                await deployer.deploy()

    asyncio.run(lives())


def test_a_tenants_word_is_ascii_filled_up_with_zeros() -> None:
    assert tenant_word(OTHER) == b"saebyeol" + bytes(24)
    for wrong in ("", "t" * 33, "한빛", "caf\u00e9", "a?\u00e9"):
        with pytest.raises(ChainError, match="expected 1 to 32"):
            tenant_word(wrong)


class Behind(Rpc):
    """A node that has no contract yet, as one that is a block behind."""

    async def call(self, method: str, *params: object) -> Any:
        return "0x" if method == "eth_getCode" else await super().call(method, *params)


def test_no_record_names_a_contract_without_code(ground: Ground) -> None:
    async def lives() -> None:
        engine = _engine(ground)
        await engine.start([])
        behind = Behind(engine.rpc.url)
        with pytest.raises(RpcError, match="no Accreditation at"):
            await _deployer(ground, behind).deploy()
        assert not (ground.folder / "contract.json").exists()
        await behind.close()
        await _deployer(ground, engine.rpc).deploy()
        await _check(ground, engine)
        await engine.stop()

    asyncio.run(lives())

"""Records what a real node answers, so that the tests of proofs need no chain.

    python -m tests.unit.madang.core.evidence.record anvil http://127.0.0.1:8545
    python -m tests.unit.madang.core.evidence.record evmd http://127.0.0.1:8545 http://127.0.0.1:26657

The contract is deployed, four logs are opened, and that of `world` gets its head. What the node
then answers to the questions of `madang.infra.state_proofs` is written beside, by question.
"""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_abi.abi import encode as abi_encode

from contracts import artifacts
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.storage.slots import Place, log_id
from madang.core.merkle.checkpoint import Checkpoint
from madang.infra.chain import (
    OPEN_GAS,
    AnchorLog,
    ChainAccount,
    RpcChain,
    contract_address,
    wait_for_receipt,
)
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import Caller
from madang.infra.rpc import Rpc, RpcError
from madang.infra.state_proofs import CometProofs, EthereumProofs
from tests.unit.madang.core.evidence.world import ORIGIN, head, seeded

DATA = Path(__file__).parent / "data"
LOGS = 4
BLOCKS_SECONDS = 5
DEPLOY_GAS, APPEND_GAS = 4_000_000, 60_000


@dataclass
class Recorder:
    """Hands questions on to a node and keeps the answers."""

    rpc: Caller
    answers: dict[str, Any] = field(default_factory=dict)

    async def call(self, method: str, *params: object) -> Any:
        answer = await self.rpc.call(method, *params)
        self.answers[asked(method, params)] = answer
        return answer


@dataclass
class Replay:
    """Answers as a node did."""

    answers: dict[str, Any]

    async def call(self, method: str, *params: object) -> Any:
        try:
            return self.answers[asked(method, params)]
        except KeyError as error:
            raise RpcError(f"{method} was not recorded") from error


def asked(method: str, params: object) -> str:
    return json.dumps([method, params])


@dataclass
class Anchored:
    """AnchorLog deployed on a node, by accounts that never change.

    Attributes:
        head: of the log that matters; three others have heads of their own.
    """

    rpc: Rpc
    chain_id: int
    head: Checkpoint = field(default_factory=head)
    nonces: dict[str, int] = field(default_factory=dict)

    async def anchor(self) -> tuple[str, str]:
        """Return address and code hash of the contract, which has the head of the log."""
        chain = RpcChain(self.rpc)
        accounts = [ChainAccount(seeded(f"account {n}"), self.chain_id) for n in range(LOGS)]
        artifact = artifacts.load("AnchorLog")
        arguments = abi_encode(["address", "uint256"], [accounts[0].address, 7 * 86_400])
        code = artifact.bytecode + arguments
        address = await self._send(chain, accounts[0], None, code, DEPLOY_GAS)
        contract = AnchorLog(self.rpc, artifact.abi, address)
        for place, account in enumerate(accounts):
            origin = ORIGIN.replace("hanbit", f"other{place}") if place else ORIGIN
            label = sha256(origin.encode()).digest()
            await self._send(chain, account, contract.address, contract.open_call(label), OPEN_GAS)
            opened = await contract.log_id(account.address, label)
            root = seeded(origin) if place else self.head.root
            call = contract.append_call(opened, self.head.size, root, [])
            await self._send(chain, account, contract.address, call, APPEND_GAS)
        return address, await chain.code_hash(address)

    async def _send(
        self, chain: RpcChain, account: ChainAccount, to: str | None, data: bytes, gas: int
    ) -> str:
        known = await chain.transaction_count(account.address)
        nonce = max(known, self.nonces.get(account.address, 0))
        self.nonces[account.address] = nonce + 1
        signed = account.sign(nonce=nonce, to=to, data=data, gas=gas)
        receipt = await wait_for_receipt(chain, signed.hash, signed.raw)
        assert receipt.succeeded
        return contract_address(signed.sender, nonce)


async def record(engine: str, url: str, comet: str) -> dict[str, Any]:
    rpc, second = Rpc(url), Rpc(comet or url)
    chain_id, genesis = await RpcChain(rpc).identity()
    address, code_hash = await Anchored(rpc, chain_id).anchor()
    opener = ChainAccount(seeded("account 0"), chain_id).address
    place = Place(raw(address), log_id(raw(opener), ORIGIN, PRIMITIVES))
    recorder = Recorder(second)
    extra: dict[str, Any] = {}
    if engine == "evmd":
        # The header that has the state comes one block after it.
        await asyncio.sleep(BLOCKS_SECONDS)
        proofs = CometProofs(recorder)
        extra["network"] = await proofs.network()
        extra["validators"] = [[v.key.hex(), v.power] for v in await proofs.validators()]
        await proofs.prove(place)
    else:
        await EthereumProofs(recorder, Engine.DEVELOPMENT).prove(place)
    await rpc.close()
    await second.close()
    known = {"chain_id": chain_id, "genesis": genesis, "address": address, "code_hash": code_hash}
    return {**known, "opener": opener, **extra, "answers": recorder.answers}


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


if __name__ == "__main__":
    name, address_of_node, comet_address = [*sys.argv[1:], ""][:3]
    found = asyncio.run(record(name, address_of_node, comet_address))
    (DATA / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")

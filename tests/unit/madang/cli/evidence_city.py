"""A municipality's log of three things on an engine that really runs, and what lies beside it."""

import asyncio
import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from contracts import addresses
from contracts.addresses import DeployedContract, Deployment
from ledger_node.publisher.files import LogFiles
from ledger_node.settings import Settings
from madang.core.encoding import base64url
from madang.core.evidence.receipt import Receipt
from madang.core.formats.sd_jwt.issue import SdFrame, issue
from madang.core.keys.software import generate_p256
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.growth import grow
from madang.core.merkle.tree import CompactRange, Tree, leaf_hash
from madang.core.rules.document import digest
from madang.infra.chain import ChainAccount, RpcChain
from madang.infra.rpc import Rpc, RpcError
from tests.serving import free_port
from tests.unit.ledger_node.audit.published import DECISION, RULE
from tests.unit.madang.core.evidence import world
from tests.unit.madang.core.evidence.record import Anchored
from tests.unit.madang.core.evidence.world import ORIGIN, salt_of, seeded

CHAIN_ID = 31_337
TENANT = "hanbit"
CREDENTIAL = issue(
    {"iss": world.ISSUER, "name": "Kim"},
    SdFrame.of([("name",)]),
    signer=generate_p256("issuer"),
    header={"typ": "dc+sd-jwt"},
    salts=(base64url.encode(bytes([n]) * 16) for n in count()),
)
THINGS = [
    (EntryKind.CREDENTIAL, CREDENTIAL.compact.encode(), CREDENTIAL.issuer_digest),
    (EntryKind.RULE, json.dumps(RULE).encode(), digest(RULE)),
    (EntryKind.DECISION, json.dumps(DECISION, indent=1).encode(), digest(DECISION)),
]
ENTRIES = [
    Entry(n, kind, world.HOUR, world.ISSUER, commitment(salt_of(n), digest_))
    for n, (kind, _, digest_) in enumerate(THINGS)
]
TREE = Tree(leaf_hash(each.encode()) for each in ENTRIES)
HEAD = Checkpoint(ORIGIN, len(ENTRIES), TREE.root())


@dataclass(frozen=True)
class City:
    """Where things are.

    Attributes:
        state: its state folder; the log is in `log/hanbit` of it, the things in `things`.
        rpc: address of the engine.
    """

    state: Path
    rpc: str

    @property
    def log(self) -> Path:
        return self.state / "log" / TENANT

    def thing(self, index: int) -> Path:
        return self.state / "things" / str(index)

    def receipt(self, index: int) -> Path:
        return self.state / "receipts" / str(index)


@contextmanager
def running() -> Iterator[str]:
    """Run a development engine; return its address."""
    port = free_port()
    arguments = ("--host", "127.0.0.1", "--port", str(port), "--chain-id", str(CHAIN_ID))
    free = ("--accounts", "0", "--base-fee", "0", "--gas-price", "0", "--silent")
    process = subprocess.Popen([Settings().engine, *arguments, *free])
    url = f"http://127.0.0.1:{port}"
    try:
        asyncio.run(_answers(url))
        yield url
    finally:
        process.terminate()
        process.wait(10)


async def _answers(url: str) -> None:
    rpc = Rpc(url)
    for _ in range(200):
        with contextlib.suppress(RpcError):
            await rpc.call("eth_chainId")
            break
        await asyncio.sleep(0.05)
    await rpc.close()


async def _anchored(url: str) -> Deployment:
    rpc = Rpc(url)
    chain_id, genesis = await RpcChain(rpc).identity()
    address, code_hash = await Anchored(rpc, chain_id, HEAD).anchor()
    await rpc.close()
    return Deployment(chain_id, genesis, {"AnchorLog": DeployedContract(address, code_hash)})


def build(state: Path, url: str) -> City:
    """Anchor the log's head and lay everything out."""
    opener = ChainAccount(seeded("account 0"), CHAIN_ID).address
    return lay_out(state, url, asyncio.run(_anchored(url)), opener)


def lay_out(state: Path, url: str, deployment: Deployment, opener: str) -> City:
    """Publish the log, and write keys, things and receipts."""
    city = City(state, url)
    for name in ("logs", "witnesses"):
        (state / "trust" / name).mkdir(parents=True)
    addresses.write(state / "contract.json", deployment)
    logs = state / "trust" / "logs" / TENANT
    logs.with_suffix(".vkey").write_text(world.KEY.encode() + "\n", "utf-8")
    logs.with_suffix(".second").write_text(world.SECOND_KEY.encode() + "\n", "utf-8")
    logs.with_suffix(".owner").write_text(opener, "utf-8")
    for key in world.WITNESS_KEYS:
        name = key.name.split("/")[1]
        (state / "trust" / "witnesses" / f"{name}.vkey").write_text(key.encode() + "\n", "utf-8")
    note = world.note(HEAD)
    files = LogFiles(city.log)
    entries = [each.encode() for each in ENTRIES]
    for tile, content in grow(CompactRange(0, ()), files.read, entries).files:
        files.write(tile, content)
    files.publish(note)
    _papers(city, note)
    return city


def _papers(city: City, note: str) -> None:
    city.thing(0).parent.mkdir()
    city.receipt(0).parent.mkdir()
    for index, (kind, data, digest_) in enumerate(THINGS):
        proof = tuple(TREE.inclusion_proof(index, HEAD.size))
        salt = salt_of(index)
        receipt = Receipt(ORIGIN, kind, index, ENTRIES[index], salt, digest_, proof, note)
        city.receipt(index).write_bytes(receipt.encode())
        city.thing(index).write_bytes(data)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP; return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

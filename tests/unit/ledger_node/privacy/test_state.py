"""A whole state folder is searched, and a chain by its node; what cannot be read is named."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger_node.privacy.chain_reader import search_chain
from ledger_node.privacy.model import PrivacyInputError, Search
from ledger_node.privacy.needles import Needles
from ledger_node.privacy.state import MAX_LIST, known_logs, read_values, search_state
from madang.cli.audit_privacy import told
from madang.cli.main import app
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.infra.rpc import JsonRpc
from tests.unit.ledger_node.conftest import TENANT, Ground
from tests.unit.ledger_node.privacy.planted import BORN, NAME, VALUES
from tests.unit.ledger_node.privacy.test_log_lines import GOOD, STAMP
from tests.unit.ledger_node.privacy.test_published import (
    KEY,
    OFFICE,
    SECOND_KEY,
    Log,
    entry,
)

NEEDLES = Needles(VALUES)


class State:
    """A state folder with one log and what belongs to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = Log(folder / "log" / TENANT)
        self.write(f"trust/logs/{TENANT}.vkey", KEY.encode())
        self.write(f"trust/logs/{TENANT}.second", SECOND_KEY.encode())
        self.write(f"trust/services/{TENANT}-issuer.json", json.dumps({"issuer": OFFICE}))
        self.write("logs/issuer.log", (STAMP + GOOD[0] + b"\n").decode())

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def codes(self) -> set[str]:
        return set(asyncio.run(search_state(self.folder, None, NEEDLES)).counts)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


def test_nothing_is_found_in_a_good_state(state: State) -> None:
    search = asyncio.run(search_state(state.folder, None, NEEDLES))
    assert search.findings == []
    assert set(search.looked) == {"entries", "tiles", "checkpoints", "log_lines"}


def test_offices_of_another_municipality_enter_nothing_here(state: State) -> None:
    other = OFFICE.replace("hanbit", "saebyeol")
    state.write(f"trust/services/{TENANT}-issuer.json", json.dumps({"issuer": other}))
    assert state.codes() == {"issuer_unknown"}


def test_witnesses_whose_keys_are_kept_may_sign(state: State) -> None:
    signer = generate_ed25519("w")
    name = "id.saebyeol.example/saebyeol/witness"
    state.log.publish(state.log.head, cosign(state.log.head, name, signer, 7))
    assert state.codes() == {"signature_unknown"}
    state.write("trust/witnesses/saebyeol.vkey", CosignerKey.of(name, signer).encode())
    assert state.codes() == set()


PLACES: dict[str, Callable[[State], object]] = {
    "entry": lambda state: state.log.enter(entry(512).encode() + NAME.encode()),
    "line": lambda state: state.write("logs/verifier.log", f"saw {NAME}\n"),
    "checkpoint": lambda state: state.log.alter("checkpoint", lambda data: data + NAME.encode()),
    "file": lambda state: state.write(f"log/{TENANT}/notes.txt", NAME),
    "name of a file": lambda state: state.write(f"log/{TENANT}/{NAME}.txt", ""),
    "name of a folder": lambda state: state.write(f"log/{TENANT}/{BORN}/notes", ""),
    "name of a service's log": lambda state: state.write(f"logs/{NAME}.log", ""),
    "line of a log that was put aside": lambda state: state.write("logs/issuer.log.1", NAME),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_name_is_found_in_each_place(state: State, place: str) -> None:
    PLACES[place](state)
    search = asyncio.run(search_state(state.folder, None, NEEDLES))
    assert "personal_value" in search.counts
    assert not [value for value in VALUES if value in str(search.as_json())]


def test_a_line_of_any_length_is_searched_to_its_end(state: State) -> None:
    state.write("logs/issuer.log", "x" * 10_000 + NAME + "\n")
    assert state.codes() == {"personal_value", "line_unknown"}


@pytest.mark.parametrize(
    "name", [f"trust/logs/{TENANT}.vkey", f"trust/logs/{TENANT}.second", "trust/services/"]
)
def test_a_log_that_is_not_known_is_named(state: State, name: str) -> None:
    path = f"{name}{TENANT}-issuer.json" if name.endswith("/") else name
    for content in ("[]", "{}", "nonsense"):
        state.write(path, content)
        with pytest.raises(PrivacyInputError):
            known_logs(state.folder)


def test_what_a_node_says_moves_no_cursor() -> None:
    search = Search()
    search.find("call_unknown", "transaction 0x\x1b[2J", "expected a known contract")
    assert all(line.isprintable() for line in told(search, 1).splitlines())


def test_a_folder_without_a_log_is_not_a_good_one(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(PrivacyInputError, match="no log"):
        asyncio.run(search_state(tmp_path, None, NEEDLES))


def test_a_list_of_values_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "values"
    path.write_text(f"\ufeff  {NAME}\r\n\n1987-03-21", "utf-8")  # as some editors begin
    assert read_values(path) == [NAME, "1987-03-21"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * (MAX_LIST + 1)], ids=range(3))
def test_a_list_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "values"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PrivacyInputError, match="values"):
        read_values(path)


def test_the_command_tells_what_it_saw_and_ends_by_it(state: State, tmp_path: Path) -> None:
    values = tmp_path / "values"
    values.write_text("\n".join(VALUES), "utf-8")
    arguments = ["audit", "privacy", "--state", str(state.folder), "--values", str(values)]
    good = CliRunner().invoke(app, arguments)
    assert good.exit_code == 0
    assert "600 entries" in good.output
    assert "Nothing was found." in good.output
    assert "NOT searched: the chain" in good.output
    assert "NOT searched for values" not in good.output
    without = CliRunner().invoke(app, arguments[:4])
    assert (without.exit_code, "NOT searched for values" in without.output) == (0, True)
    state.write("logs/issuer.log", f"saw {NAME}\n")
    bad = CliRunner().invoke(app, arguments)
    assert bad.exit_code == 1
    assert "FOUND personal_value in logs/issuer.log, line 1: value 1 of the list" in bad.output
    assert NAME not in bad.output
    listed = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert listed["counts"] == {"personal_value": 1, "line_unknown": 1}
    values.write_text("Kim", "utf-8")
    short = CliRunner().invoke(app, arguments)
    assert short.exit_code == 2
    assert "cannot search: value 1" in short.output


# --- the chain, on the real engine


def test_what_stands_on_the_chain_is_searched(ground: Ground) -> None:
    async def lives() -> tuple[Search, Search]:
        async with ground.running() as running:
            ground.grow(TENANT, 3)
            await running.append()
            rpc, tenants = running.engine.rpc, frozenset(ground.trees)
            before, after = Search(), Search()
            await search_chain(rpc, running.deployment, tenants, NEEDLES, before)
            account = running.anchoring.accounts[TENANT]
            nonce = await running.anchoring.chain.transaction_count(account.address)
            sent = account.sign(nonce=nonce, to=account.address, data=NAME.encode(), gas=60_000)
            await running.anchoring.chain.send(sent.raw)
            await search_chain(rpc, running.deployment, tenants, NEEDLES, after)
        return before, after

    before, after = asyncio.run(lives())
    # The documents of this ground's founding records are none; nothing else is found.
    assert set(before.counts) == {"word_readable"}
    assert {each.detail.partition(",")[0] for each in before.findings} == {
        "part 3 of found",
        "part 1 of RecordAdded",
    }
    assert before.looked["transactions"] >= 8
    assert before.looked["events"] >= 8
    assert set(after.counts) - set(before.counts) == {"personal_value", "call_unknown"}


class Forgetful:
    """A node that has dropped its older blocks."""

    def __init__(self, rpc: JsonRpc) -> None:
        self._rpc = rpc

    async def call(self, method: str, *params: object) -> object:
        dropped = method == "eth_getBlockByNumber" and params[0] == "0x1"
        return None if dropped else await self._rpc.call(method, *params)

    async def close(self) -> None:
        pass


def test_a_node_without_all_blocks_is_named(ground: Ground) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            rpc = Forgetful(running.engine.rpc)
            with pytest.raises(PrivacyInputError, match="block 1"):
                await search_chain(rpc, running.deployment, frozenset(), NEEDLES, Search())

    asyncio.run(lives())


def test_another_chain_is_not_searched(ground: Ground) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            known = running.deployment
            for changed in ({"chain_id": 1}, {"genesis_hash": "0x" + "00" * 32}):
                other = type(known)(**{**_members(known), **changed})
                with pytest.raises(PrivacyInputError, match="another chain"):
                    await search_chain(running.engine.rpc, other, frozenset(), NEEDLES, Search())

    asyncio.run(lives())


def _members(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in type(value).__slots__}  # type: ignore[attr-defined]

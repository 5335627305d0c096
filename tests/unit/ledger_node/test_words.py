"""What chain and witnesses are asked for the auditor: who is silent holds nothing up."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, Response
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.audit.model import ChainHead
from ledger_node.chain_word import chain_word
from ledger_node.witness.store import KEPT_CONFLICTS
from ledger_node.witness_word import MOST_PAIRS, read_conflicts, witness_word
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.witness import MAX_TEXT_BYTES
from madang.infra.http import HttpxClient
from tests.unit.ledger_node.conftest import TENANT, Ground

ORIGIN = "id.hanbit.example/hanbit/log"
SIGNER = generate_ed25519("log")
KEY = VerifierKey.of(ORIGIN, SIGNER)


def note(root: int, origin: str = ORIGIN, signer: Signer = SIGNER, size: int = 7) -> str:
    return checkpoint.sign(Checkpoint(origin, size, bytes([root]) * 32), signer)


def conflict(root: int = 1, **changes: Any) -> dict[str, Any]:
    pair = {"origin": ORIGIN, "size": 7, "signed_by_witness": note(0), "refused": note(root)}
    return {**pair, "seen": 1, **changes}


def body(*conflicts: object) -> bytes:
    return strict_json.dumps({"conflicts": list(conflicts)}).encode()


class TestConflicts:
    def test_pairs_of_this_log_are_taken(self) -> None:
        sent = body(conflict(1), conflict(2, origin="other.example/log"), conflict(3))
        assert read_conflicts(sent, KEY) == [(note(0), note(1)), (note(0), note(3))]

    @pytest.mark.parametrize(
        "sent",
        [
            b"",
            b"{",
            b"[]",
            b'{"conflicts":{}}',
            body(7, None, {}),
            body(conflict(refused="x")),
            body(conflict(refused=None)),
            body(conflict(refused=note(1, signer=generate_ed25519("else")))),
            body(conflict(refused=note(1, size=8))),
            body(conflict(0)),
        ],
    )
    def test_what_is_none_is_left_out(self, sent: bytes) -> None:
        assert read_conflicts(sent, KEY) == []

    def test_as_many_as_somebody_looks_at(self) -> None:
        sent = body(*(conflict(root) for root in range(1, 40)))
        assert len(read_conflicts(sent, KEY)) == MOST_PAIRS

    def test_invented_pairs_crowd_out_no_true_one(self) -> None:
        liar = generate_ed25519("liar")
        invented = [conflict(refused=note(root, signer=liar)) for root in range(1, 40)]
        assert read_conflicts(body(*invented, conflict(50)), KEY) == [(note(0), note(50))]

    def test_all_that_a_witness_keeps_of_some_logs_is_read(self) -> None:
        """Whatever others have signed: text in which every character takes two."""
        long = Checkpoint("other.example/log", 7, bytes(32), ('"' * (MAX_TEXT_BYTES - 90),))
        note_of_other = checkpoint.sign(long, SIGNER)
        other = conflict(signed_by_witness=note_of_other, refused=note_of_other)
        kept = [*[other] * KEPT_CONFLICTS * 10, conflict(1)]
        assert read_conflicts(body(*kept), KEY) == [(note(0), note(1))]

    @given(st.binary(max_size=200))
    def test_any_bytes_are_pairs_or_nothing(self, sent: bytes) -> None:
        assert read_conflicts(sent, KEY) == []


class TestWitnesses:
    def asked(self, *urls: str) -> Any:
        app = FastAPI()

        @app.get("/saebyeol/witness/conflicts")
        async def conflicts() -> Any:
            return Response(body(conflict(1)), media_type="application/json")

        @app.get("/broken/witness/conflicts")
        async def broken() -> Any:
            return Response(body(conflict(2)), 500)

        http = HttpxClient(timeout=1, apps={"http://w": app})

        async def ask() -> Any:
            try:
                return await witness_word(http, urls, lambda _: KEY)("hanbit")
            finally:
                await http.close()

        return asyncio.run(ask())

    def test_all_are_asked_and_nothing_is_told_twice(self) -> None:
        url = "http://w/saebyeol/witness"
        assert self.asked(url, f"{url}/") == ((note(0), note(1)),)

    def test_who_is_silent_or_broken_says_nothing(self) -> None:
        assert self.asked("http://w/broken/witness", "http://w/nobody", "http://127.0.0.1:9") == ()
        assert self.asked() == ()


def test_what_the_contract_has_now(ground: Ground) -> None:
    async def ask() -> list[ChainHead | None]:
        async with ground.running() as running:
            ask = chain_word(running)
            before = await ask(TENANT)
            ground.grow(TENANT, 5)
            await running.append()
            found = [before, await ask(TENANT)]
        return [*found, await ask(TENANT)]

    before, after, ended = asyncio.run(ask())
    assert (before, ended) == (None, None)
    assert after == ChainHead(5, ground.trees[TENANT].root())

"""The public half over HTTP: for everybody, and nothing of the thing in it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from contracts import addresses
from contracts.addresses import DeployedContract, Deployment
from ledger_node.errors import TABLE
from ledger_node.evidence.routes import MEDIA_TYPE, evidence_router
from ledger_node.evidence.usecases import (
    HEADS_TRIED,
    AnchoredLog,
    EvidenceOffice,
    EvidenceUnavailableError,
)
from madang.access.review import describe_routes
from madang.core.evidence import bundle
from madang.core.evidence.finality.heads import HeadEvidence
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.storage.reading import StateProof
from madang.core.evidence.storage.slots import Place
from madang.core.evidence.verify import verify_evidence
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import StateProofs
from madang.infra.rpc import RpcError
from madang.infra.web.marks import Caller
from tests.unit.madang.core.evidence import world
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.world import INDEX, ORIGIN, SIZE
from tests.unit.madang.infra.test_proofs import Recorded, published

KNOWN = sample(Engine.COMETBFT)
TENANT = "hanbit"


class Heads:
    """Signed heads, newest first."""

    def __init__(self, *sizes: int) -> None:
        self.shown = [world.note(world.head(size)) for size in sizes]

    @contextmanager
    def __call__(self) -> Iterator["Heads"]:
        yield self

    def notes(self, limit: int) -> Sequence[str]:
        assert limit == HEADS_TRIED
        return self.shown


class Silent:
    """A node that does not answer."""

    async def prove(self, place: Place) -> tuple[StateProof, HeadEvidence]:
        raise RpcError(f"no proper answer from http://node.internal about {place}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory.mktemp("log"))


@pytest.fixture
def office(tmp_path: Path) -> EvidenceOffice:
    chain, contract = KNOWN.trust.chain, KNOWN.trust.contracts["AnchorLog"]
    deployed = DeployedContract("0x" + contract.address.hex(), "0x" + contract.code_hash.hex())
    record = tmp_path / "contract.json"
    genesis = "0x" + chain.genesis_hash.hex()
    addresses.write(record, Deployment(chain.chain_id, genesis, {"AnchorLog": deployed}))
    proofs: StateProofs = Recorded(KNOWN.evidence.state, KNOWN.evidence.head)
    return EvidenceOffice(record, proofs)


def log_in(folder: Path, heads: Heads) -> AnchoredLog:
    opener = "0x" + KNOWN.trust.logs[ORIGIN].opener.hex()
    return AnchoredLog(ORIGIN, lambda: opener, folder, heads)


def get(office: EvidenceOffice, log: AnchoredLog, path: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(evidence_router(office, {TENANT: log}))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="https://log.example") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_anybody_gets_the_public_half(office: EvidenceOffice, folder: Path) -> None:
    answer = get(office, log_in(folder, Heads(SIZE)), f"/{TENANT}/log/evidence/{INDEX}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["cache-control"] == "no-cache"
    public = bundle.parse(answer.content)
    assert public.thing is None
    assert world.salt_of(INDEX) not in answer.content
    assert world.digest_of(INDEX) not in answer.content
    whole = replace(public, thing=KNOWN.evidence.thing)
    assert verify_evidence(whole, KNOWN.trust, PRIMITIVES).failures == ()


def test_the_head_of_the_chain_may_be_an_older_one(office: EvidenceOffice, folder: Path) -> None:
    log = log_in(folder, Heads(SIZE - 1, SIZE))
    found = asyncio.run(office.evidence(log, INDEX))
    assert found.checkpoint.text == world.head().text()


@pytest.mark.parametrize(
    ("index", "sizes", "told"),
    [
        (SIZE, (SIZE,), "is not on the chain"),
        (INDEX, (SIZE - 1,), "the chain has the head of 10000 entries"),
        (INDEX, (), "checkpoints at hand have none"),
    ],
)
def test_what_is_not_there_yet_is_told(
    office: EvidenceOffice, folder: Path, index: int, sizes: tuple[int, ...], told: str
) -> None:
    with pytest.raises(EvidenceUnavailableError, match=told):
        asyncio.run(office.evidence(log_in(folder, Heads(*sizes)), index))


def test_a_failure_names_neither_files_nor_a_nodes_answer(
    office: EvidenceOffice, folder: Path, tmp_path: Path
) -> None:
    log = log_in(folder, Heads(SIZE))

    def told(asked: EvidenceOffice, asked_log: AnchoredLog) -> str:
        with pytest.raises(EvidenceUnavailableError) as told:
            asyncio.run(asked.evidence(asked_log, INDEX))
        return str(told.value)

    words = [
        told(replace(office, record=tmp_path / "none.json"), log),
        told(office, replace(log, folder=tmp_path / "empty")),
        told(replace(office, proofs=Silent()), log),
    ]
    assert set(words) == {"log and chain can prove nothing now; ask again in a while"}


def test_it_is_answered_with_when_to_ask_again() -> None:
    refusal = TABLE[EvidenceUnavailableError](EvidenceUnavailableError("not yet"))
    assert (refusal.status, refusal.code) == (503, "evidence_unavailable")
    assert refusal.headers["retry-after"] == "5"
    assert refusal.detail == "not yet"


def test_the_door_is_open_to_everybody_and_there_is_one(
    office: EvidenceOffice, folder: Path
) -> None:
    app = FastAPI()
    app.include_router(evidence_router(office, {TENANT: log_in(folder, Heads(SIZE))}))
    own = [route for route in describe_routes(app) if "evidence" in route.path]
    assert [route.path for route in own] == ["/{tenant}/log/evidence/{index}"]
    assert own[0].access is not None
    assert own[0].access.caller is Caller.ANYBODY

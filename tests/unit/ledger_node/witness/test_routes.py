"""The witnesses as they are built for a real run, over HTTP: each answer as the text has it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger_node.publisher.model import LogTakenError
from ledger_node.witness import app as apps
from ledger_node.witness.settings import Settings
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.note import NoteError, VerifierKey, encode_base64
from madang.core.merkle.witness import MAX_REQUEST_BYTES, AddCheckpoint, cosignatures, log_id
from madang.infra import keystore as keys_module
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.setup import (
    MovedError,
    StateFolders,
    WitnessNameError,
    keystore,
    prepare_state,
    prepare_witness,
)
from madang.infra.tenancy import Addresses
from madang.infra.trust import load_log_keys, load_witness_keys
from tests.unit.ledger_node.witness.twins import ShownLog

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
CITY, OTHER, BODY = "hanbit", "saebyeol", "audit"
ORIGINS = {"witness": "https://audit.example"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keys_module, "SCRYPT_N", 2)
        folder = tmp_path_factory.mktemp("state")
        catalogue = load_catalogue(CATALOG)
        prepare_state(settings(folder), catalogue, Addresses(catalogue.tenants), SystemClock())
        prepare_witness(settings(folder, BODY), BODY, catalogue.tenants)
        yield folder


def settings(state: Path, name: str = "", **more: Any) -> Settings:
    values = {"state_dir": state, "catalog_dir": CATALOG, "key_passphrase": "right"}
    origins = {"origins": ORIGINS} if name else {}
    return Settings.model_validate({**values, **origins, "witness_name": name, **more})


@dataclass
class Asked:
    """One witness, and who asks it."""

    client: httpx.AsyncClient
    name: str
    key: CosignerKey

    async def add(self, body: bytes, name: str = "") -> httpx.Response:
        return await self.client.post(f"/{name or self.name}/witness/add-checkpoint", content=body)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(f"/{self.name}/witness/{path}", headers=headers)


@asynccontextmanager
async def asking(state: Path, name: str, **more: Any) -> AsyncIterator[Asked]:
    """Run the process of a municipality's or the audit body's witness on a fresh memory."""
    told = settings(state, BODY if name == BODY else "", **more)
    for path in (state / apps._folder(told)).glob("*"):
        path.unlink()
    app = apps.build(told, apps.production(told))
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://witness") as client,
    ):
        yield Asked(client, name, load_witness_keys(StateFolders(state).witness_keys)[name])


def log_of(state: Path, tenant: str) -> ShownLog:
    signer = keystore(settings(state)).signer(tenant, "log")
    origin = load_log_keys(StateFolders(state).log_keys)[tenant].name
    return ShownLog(origin, signer)  # type: ignore[arg-type]  # a signer all the same


Talk = Callable[..., Any]


def talked(state: Path, name: str, talk: Talk, **more: Any) -> None:
    async def run() -> None:
        async with asking(state, name, **more) as asked:
            await talk(asked)

    asyncio.run(run())


@pytest.mark.parametrize(("name", "tenant"), [(OTHER, CITY), (BODY, CITY), (BODY, OTHER)])
def test_a_log_gets_the_signatures_of_the_other_and_of_the_audit_body(
    state: Path, name: str, tenant: str
) -> None:
    log = log_of(state, tenant).grow(5)

    async def talk(asked: Asked) -> None:
        first = await asked.add(log.asked(0).serialize())
        assert first.status_code == 200
        assert first.headers["content-type"] == "text/plain; charset=utf-8"
        request = log.grow(3).asked(5)
        answer = await asked.add(request.serialize())
        assert len(cosignatures(request.signed, answer.content, asked.key)) == 1

    talked(state, name, talk)


def test_nobody_is_the_witness_of_its_own_log(state: Path) -> None:
    log = log_of(state, CITY).grow(5)

    async def talk(asked: Asked) -> None:
        assert (await asked.add(log.asked(0).serialize())).status_code == 404
        assert log.origin not in (await asked.get("logs")).text

    talked(state, CITY, talk)


def test_each_refusal_has_the_status_of_the_text(state: Path) -> None:
    log = log_of(state, CITY).grow(9)
    face = ShownLog(log.origin, log.signer).grow(9, "b")
    forged = ShownLog(log.origin).grow(9)

    async def talk(asked: Asked) -> None:
        async def status(request: AddCheckpoint | bytes) -> tuple[int, str, str]:
            body = request if isinstance(request, bytes) else request.serialize()
            answer = await asked.add(body)
            return answer.status_code, answer.headers["content-type"], answer.text

        assert (await status(b"nothing"))[0] == 400
        assert (await status(ShownLog("strange.example").grow(1).asked(0)))[0] == 404
        assert (await status(forged.asked(0)))[0] == 403
        assert (await status(log.asked(0, 4)))[0] == 200
        assert (await status(log.asked(7, 5)))[0] == 400
        assert await status(log.asked(0)) == (409, "text/x.tlog.size", "4\n")
        assert await status(log.asked(5)) == (409, "text/x.tlog.size", "4\n")
        assert (await status(replace(log.asked(4), proof=())))[0] == 422
        assert await status(face.asked(4, 4)) == (409, "text/x.tlog.size", "4\n")
        assert (await status(log.asked(4)))[0] == 200
        assert (await status(log.asked(4).serialize().ljust(MAX_REQUEST_BYTES + 1)))[0] == 413
        assert (await asked.add(b"", "nowhere")).status_code == 404
        assert (await asked.client.get(f"/{OTHER}/witness/add-checkpoint")).status_code == 405

    talked(state, OTHER, talk)


def test_what_a_witness_has_seen_is_for_everybody(state: Path) -> None:
    log = log_of(state, CITY).grow(4)
    face = ShownLog(log.origin, log.signer).grow(4, "b")
    path = f"logs/{log_id(log.origin)}/checkpoint"

    async def talk(asked: Asked) -> None:
        assert (await asked.get(path)).status_code == 404
        before = (await asked.get("logs")).json()
        assert before["witness"] == asked.key.encode()
        assert [each["size"] for each in before["logs"]] == [0]
        assert (await asked.get("conflicts")).json() == {"conflicts": []}
        await asked.add(log.asked(0).serialize())
        await asked.add(face.asked(4).serialize())
        (told,) = (await asked.get("logs")).json()["logs"]
        assert (told["origin"], told["size"]) == (log.origin, 4)
        assert told["root"] == encode_base64(log.tree.root())
        assert told["checkpoint"] == f"/{OTHER}/witness/{path}"
        shown = parse_note((await asked.get(path)).content)
        assert shown.checkpoint.size == 4
        assert cosigned(shown, asked.key) is not None
        (conflict,) = (await asked.get("conflicts")).json()["conflicts"]
        heads = [parse_note(conflict[each]) for each in ("signed_by_witness", "refused")]
        assert [head.checkpoint.root for head in heads] == [log.tree.root(), face.tree.root()]
        assert (conflict["origin"], conflict["size"]) == (log.origin, 4)

    talked(state, OTHER, talk)


def test_browsers_read_and_caches_ask_anew(state: Path) -> None:
    async def talk(asked: Asked) -> None:
        for path in ("logs", "conflicts"):
            answer = await asked.get(path)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["cache-control"] == "no-cache"
            tag = answer.headers["etag"]
            for sent in (tag, f'W/{tag}, "x"', "*"):
                again = await asked.get(path, **{"if-none-match": sent})
                assert (again.status_code, again.content) == (304, b"")
                assert again.headers["etag"] == tag
            other = await asked.get(path, **{"if-none-match": '"x"'})
            assert (other.status_code, other.json()) == (200, json.loads(answer.content))
            head = await asked.client.head(f"/{OTHER}/witness/{path}")
            assert (head.status_code, head.headers["etag"]) == (200, tag)

    talked(state, OTHER, talk)


def test_what_strangers_try_is_not_written_down(state: Path) -> None:
    async def talk(asked: Asked) -> None:
        for body in (b"x", ShownLog("strange.example").grow(1).asked(0).serialize()):
            for _ in range(20):
                await asked.add(body)

    talked(state, OTHER, talk)
    told = settings(state)
    deps = apps.production(told)
    with deps.database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT count(*) FROM journal").scalar()
    deps.database.close()
    assert rows == 0


def test_further_logs_are_watched_by_the_settings(state: Path) -> None:
    strange = ShownLog("strange.example/log").grow(2)
    keys = (strange.key.encode(), VerifierKey.of(strange.origin, generate_ed25519("n")).encode())

    async def talk(asked: Asked) -> None:
        assert (await asked.add(strange.asked(0).serialize())).status_code == 200

    talked(state, OTHER, talk, witness_logs=keys)
    with pytest.raises(NoteError):
        apps.production(settings(state, witness_logs=("nonsense",)))


def test_a_log_of_the_settings_under_the_owners_name_stays_its_own(state: Path) -> None:
    log = log_of(state, CITY).grow(1)

    async def talk(asked: Asked) -> None:
        assert (await asked.add(log.asked(0).serialize())).status_code == 404

    more = VerifierKey.of(log.origin, generate_ed25519("another key")).encode()
    talked(state, CITY, talk, witness_logs=(more,))


def test_a_second_process_is_turned_away(state: Path) -> None:
    async def talk(_: Asked) -> None:
        told = settings(state)
        with pytest.raises(LogTakenError):
            async with apps.build(told, apps.production(told)).router.lifespan_context(None):  # type: ignore[arg-type]
                pass

    talked(state, OTHER, talk)


@pytest.mark.parametrize("name", [CITY, "Audit", "a/b", "../x", "a" * 64])
def test_a_name_that_is_none_or_is_taken_is_refused(state: Path, name: str) -> None:
    with pytest.raises(WitnessNameError, match="MADANG_WITNESS_NAME"):
        apps.production(settings(state, name))


def test_an_audit_body_needs_an_address_and_keeps_it(state: Path) -> None:
    tenants = load_catalogue(CATALOG).tenants
    with pytest.raises(WitnessNameError, match="MADANG_ORIGINS"):
        apps.production(settings(state, BODY, origins={}))
    moved = settings(state, BODY, origins={"witness": "https://else.example"})
    with pytest.raises(MovedError, match=r"audit\.example"):
        prepare_witness(moved, BODY, tenants)
    before = (StateFolders(state).witness_keys / f"{BODY}.vkey").read_bytes()
    prepare_witness(settings(state, BODY), BODY, tenants)
    assert (StateFolders(state).witness_keys / f"{BODY}.vkey").read_bytes() == before

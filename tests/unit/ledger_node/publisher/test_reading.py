"""The log over HTTP, line by line as C2SP tlog-tiles has it, and the same by any file server."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import urlopen

import httpx
import pytest
from fastapi import FastAPI

from ledger_node.errors import TABLE
from ledger_node.publisher.routes import reading_router
from ledger_node.publisher.store import SqlLogs
from ledger_node.publisher.witnessing import Witnessing, WitnessPoint
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.tiles import all_tiles, tile_of, tiles_between
from madang.infra.http import HttpxClient
from madang.infra.tenancy import Tenants
from madang.infra.web.errors import Refuser, install
from madang.infra.web.i18n import load_texts
from madang.infra.web.pages import Pages
from tests.unit.ledger_node.publisher.test_usecases import Ground

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
WITNESS, NAME = generate_ed25519("witness"), "other.example/busan/witness"
POINT = WitnessPoint(f"https://{NAME}", CosignerKey.of(NAME, WITNESS))
FOR_EVER, NOT_LONG = "public, max-age=31536000, immutable", "no-cache"


@dataclass
class Served:
    """A log of 600 entries behind its routes."""

    ground: Ground

    def __post_init__(self) -> None:
        publisher = self.ground.publisher
        self.witnessing = Witnessing(publisher, (POINT,), 1, HttpxClient(), 0.1, 0.1)
        stores = {"hanbit": SqlLogs(self.ground.database, "hanbit")}
        self.app = FastAPI()
        routes = reading_router({"hanbit": publisher}, stores, {"hanbit": self.witnessing})
        self.app.include_router(routes)
        pages = Pages(load_texts(CATALOG / "texts"), [], service="log", tenants=Tenants([]))
        install(self.app, Refuser(self.ground.database, self.ground.clock, pages), TABLE)

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://log") as client:
                sent = {key.replace("_", "-"): value for key, value in headers.items()}
                return await client.request(method, f"/hanbit/log/{path}", headers=sent)

        return _run(send())


def _run(errand: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    return asyncio.run(errand)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    ground = Ground(tmp_path)
    ground.grow(40, 300, 260)
    return Served(ground)


def paths(size: int) -> list[str]:
    tiles = [*all_tiles(size), *tiles_between(None, 0, size)]
    return [each.path for each in tiles]


def test_checkpoints_are_text_and_asked_for_anew(served: Served) -> None:
    answer = served.ask("checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == NOT_LONG
    assert answer.headers["access-control-allow-origin"] == "*"
    assert parse_note(answer.content).checkpoint.size == 600
    tag = answer.headers["etag"]
    again = served.ask("checkpoint", if_none_match=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


def test_a_line_of_a_witness_makes_another_checkpoint(served: Served) -> None:
    before = served.ask("checkpoint")
    head = parse_note(before.content).checkpoint
    line = cosign(head, NAME, WITNESS, 7)
    served.ground.publisher.add_cosignature(600, line, 7)
    after = served.ask("checkpoint", if_none_match=before.headers["etag"])
    assert after.status_code == 200
    assert after.text == before.text + line.line()


def test_every_file_of_the_newest_head_is_served_for_ever(served: Served) -> None:
    found = paths(600)
    assert {"tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88"} <= {*found}
    for path in found:
        answer = served.ask(path, accept_encoding="identity")
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == FOR_EVER
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "content-encoding" not in answer.headers
        assert answer.content == (served.ground.folder / "log" / path).read_bytes()


def test_partial_files_of_earlier_heads_are_served_too(served: Served) -> None:
    """Those of the two last tiles of each level; 340 is such a head."""
    for level in (0, None):
        path = tile_of(level, 1, 340).path
        assert path.endswith(".p/84")
        assert served.ask(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/003",
        "tile/0/002",
        "tile/0/002.p/89",
        "tile/0/000.p/1",
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/0/002.p/088",
        "tile/0/002.p/256",
        "tile/entries/003",
        "tile/checkpoint",
        "tile/0/%2e%2e/%2e%2e/checkpoint",
        "tile/0/000.new",
        "tile/",
    ],
)
def test_what_is_no_file_of_the_log_is_not_found(served: Served, path: str) -> None:
    answer = served.ask(path)
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


def test_entries_come_in_gzip_for_who_takes_it_and_hashes_do_not(served: Served) -> None:
    for path in ("tile/entries/000", "tile/entries/002.p/88"):
        plain = served.ask(path, accept_encoding="identity")
        packed = served.ask(path, accept_encoding="gzip, identity")
        assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert int(packed.headers["content-length"]) < len(plain.content) / 2
        assert served.ask(path, accept_encoding="gzip;q=0").headers.get("content-encoding") is None
        assert served.ask(path, accept_encoding="br").headers.get("content-encoding") is None
    answer = served.ask("tile/0/000", accept_encoding="gzip")
    assert "content-encoding" not in answer.headers


def test_the_heads_of_answers_alone_are_the_same(served: Served) -> None:
    for path in ("checkpoint", "tile/0/000", "tile/entries/000", "witnesses"):
        got, head = served.ask(path), served.ask(path, "HEAD")
        assert head.status_code == 200
        assert dict(head.headers) == dict(got.headers)
    assert served.ask("tile/0/009", "HEAD").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nobody_writes_through_these_doors(served: Served, method: str) -> None:
    for path in ("checkpoint", "tile/0/000", "witnesses"):
        assert served.ask(path, method).status_code == 405


def test_the_witnesses_and_what_they_have_signed_are_told(served: Served) -> None:
    assert served.ask("witnesses").json() == {
        "size": 600,
        "cosigned": 0,
        "final": 0,
        "quorum": 1,
        "witnesses": [{"name": NAME, "size": 0, "time": 0}],
        "held": False,
    }
    head = parse_note(served.ask("checkpoint").content).checkpoint
    served.ground.publisher.add_cosignature(600, cosign(head, NAME, WITNESS, 7), 7)
    served.ground.publisher.hold("somebody has to look")
    told = served.ask("witnesses").json()
    assert (told["cosigned"], told["final"], told["held"]) == (600, 0, True)
    assert told["witnesses"] == [{"name": NAME, "size": 600, "time": 7}]


def test_the_folder_behind_any_file_server_is_the_same_log(served: Served) -> None:
    folder = served.ground.folder / "log"

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, directory=str(folder), **named)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        read: Callable[[str], bytes] = lambda path: urlopen(  # noqa: E731
            f"http://127.0.0.1:{server.server_port}/{path}", timeout=10
        ).read()
        for path in ("checkpoint", *paths(600), tile_of(0, 1, 340).path):
            assert read(path) == served.ask(path).content
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

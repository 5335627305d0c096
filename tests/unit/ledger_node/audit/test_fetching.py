"""A log by address is what it is in a folder; what cannot be had is named."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from ledger_node.audit import fetching
from ledger_node.audit.fetching import fetch_log
from ledger_node.audit.inspection import GivenLog, Inspection, inspect_log
from ledger_node.audit.reading import AuditInputError
from ledger_node.publisher.files import LogFiles
from madang.core.keys.software import generate_ed25519
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.growth import grow
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tree import CompactRange
from madang.infra.http import Answer, HttpError
from tests.unit.ledger_node.audit.published import ORIGIN
from tests.unit.ledger_node.audit.test_parallel import GOOD

URL = "https://id.hanbit.example/hanbit/log"
SIGNER = generate_ed25519("log")
KEY = VerifierKey.of(ORIGIN, SIGNER)


class Served:
    """A server of files: a twin of the network, that remembers what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.broken = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        assert (method, headers, content) == ("GET", None, None)
        assert url.startswith(f"{URL}/")
        path = url.removeprefix(f"{URL}/")
        self.asked.append(path)
        await asyncio.sleep(0)
        if self.broken:
            raise HttpError("GET: no whole answer")
        try:
            return Answer(200, {}, (self.folder / path).read_bytes())
        except FileNotFoundError:
            return Answer(404, {}, b"")


def publish(folder: Path, size: int) -> None:
    """Write a log of so many entries beside what is there."""
    files = LogFiles(folder)
    grown = grow(CompactRange(), files.read, GOOD[:size])
    for tile, data in grown.files:
        files.write(tile, data)
    head = Checkpoint(ORIGIN, size, grown.range.root())
    files.publish(checkpoint.sign(head, SIGNER))


@pytest.fixture
def served(tmp_path: Path) -> Served:
    publish(tmp_path / "log", 600)
    return Served(tmp_path / "log")


def fetched(served: Served, folder: Path, anchored: int = 0, url: str = URL) -> Inspection:
    asyncio.run(fetch_log(url, folder, KEY, anchored, served))
    found = Inspection()
    inspect_log(GivenLog(folder, KEY), [], None, found)
    return found


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_a_log_is_fetched_and_audited(served: Served, tmp_path: Path, url: str) -> None:
    found = fetched(served, tmp_path / "cache", url=url)
    assert found.proved["entries"] == 600
    assert [each.code for each in found.findings] == ["no_anchor"]


def test_what_is_there_is_not_fetched_again(served: Served, tmp_path: Path) -> None:
    fetched(served, tmp_path / "cache")
    assert sorted(served.asked) == [
        "checkpoint",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]
    served.asked.clear()
    publish(served.folder, 700)
    assert fetched(served, tmp_path / "cache").proved["entries"] == 700
    assert served.asked == ["checkpoint", "tile/entries/002.p/188"]


def test_a_partial_bundle_that_is_gone_is_cut_from_the_full_one(
    served: Served, tmp_path: Path
) -> None:
    older = (served.folder / "checkpoint").read_bytes()
    publish(served.folder, 800)
    (served.folder / "checkpoint").write_bytes(older)
    (served.folder / "tile" / "entries" / "002.p" / "88").unlink()
    assert fetched(served, tmp_path / "cache").proved["entries"] == 600
    (served.folder / "tile" / "entries" / "002").write_bytes(b"garbage")
    with pytest.raises(AuditInputError, match="002"):
        fetched(served, tmp_path / "other")


@pytest.mark.parametrize("gone", ["checkpoint", "tile/entries/000", "tile/entries/002.p/88"])
def test_a_file_that_is_not_served_is_named(served: Served, tmp_path: Path, gone: str) -> None:
    (served.folder / gone).unlink()
    name = gone.removesuffix(".p/88")
    with pytest.raises(AuditInputError, match=f"{name}: status 404"):
        fetched(served, tmp_path / "cache")


def test_a_server_that_does_not_answer_is_named(served: Served, tmp_path: Path) -> None:
    served.broken = True
    with pytest.raises(AuditInputError, match="no whole answer"):
        fetched(served, tmp_path / "cache")


def test_a_checkpoint_of_somebody_else_does_not_say_how_much_is_fetched(
    served: Served, tmp_path: Path
) -> None:
    forged = checkpoint.sign(Checkpoint(ORIGIN, 2**62, bytes(32)), generate_ed25519("log"))
    (served.folder / "checkpoint").write_text(forged, "utf-8")
    asyncio.run(fetch_log(URL, tmp_path / "cache", KEY, 256, served))
    assert sorted(served.asked) == ["checkpoint", "tile/entries/000"]


def test_what_is_no_bundle_is_not_kept(served: Served, tmp_path: Path) -> None:
    whole = (served.folder / "tile" / "entries" / "000").read_bytes()
    (served.folder / "tile" / "entries" / "000").write_bytes(whole[:-1])
    with pytest.raises(AuditInputError, match="000"):
        fetched(served, tmp_path / "cache")
    (served.folder / "tile" / "entries" / "000").write_bytes(whole)
    assert fetched(served, tmp_path / "cache").proved["entries"] == 600


def test_a_log_that_says_it_has_no_end_is_left(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = checkpoint.sign(Checkpoint(ORIGIN, 2**53, bytes(32)), SIGNER)
    (served.folder / "checkpoint").write_text(endless, "utf-8")
    most = len((served.folder / "tile" / "entries" / "000").read_bytes())
    monkeypatch.setattr(fetching, "MAX_FETCHED", most)
    with pytest.raises(AuditInputError, match="more than the"):
        fetched(served, tmp_path / "cache")
    kept = [each for each in (tmp_path / "cache").rglob("*") if each.is_file()]
    assert sum(each.stat().st_size for each in kept) <= most
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0)
    with pytest.raises(AuditInputError, match="did not come within"):
        fetched(served, tmp_path / "other")

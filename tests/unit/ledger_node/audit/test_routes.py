"""The auditor's pages as they are served: in three languages, as JSON and as CSV."""

import csv
import io
from pathlib import Path

import pytest

from ledger_node.audit.comparing import Comparer
from ledger_node.publisher.model import HeadState
from madang.access.staff import Role
from madang.core.encoding import base64url, strict_json
from madang.core.evidence.findings import FindingCode
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.proof import verify_consistency, verify_inclusion
from madang.core.merkle.tree import leaf_hash
from madang.infra.web.i18n import LANGUAGES, load_texts
from tests.unit.ledger_node.audit.world import (
    CATALOG,
    OTHER,
    VERIFIER,
    Auditor,
    World,
    export,
)

PAGES = (
    "/",
    "/search",
    "/entries",
    "/entries?kind=decision",
    "/entries?block=999",
    "/entries/7",
    "/heads",
    "/heads/25",
    "/consistency",
    "/consistency?old=25&new=300",
    "/growth",
    "/growth?by=hour&day=2026-11-20",
    "/find",
    "/compare",
    "/split",
)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_there_in_every_language(auditor: Auditor, language: str) -> None:
    for path in PAGES:
        mark = "&" if "?" in path else "?"
        answer = auditor.get(f"{path}{mark}lang={language}")
        assert answer.status_code == 200, path
        assert f'<html lang="{language}">' in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "<script>" not in answer.text
        assert " style=" not in answer.text


def test_pages_of_an_empty_log_say_so(tmp_path: Path) -> None:
    auditor = Auditor(World.made(tmp_path))
    for path in ("/", "/heads", "/growth"):
        assert "None yet." in auditor.get(path).text
    assert "No entry is like this." in auditor.get("/entries").text
    assert auditor.get("/growth?format=json").json() == {"by": None, "periods": []}
    assert auditor.get("/entries/0").status_code == 404


def test_whatever_can_be_said_has_its_words() -> None:
    texts = load_texts(CATALOG / "texts").by_language["en"]
    for kind in EntryKind:
        assert f"audit.kind.{kind.value}" in texts
    for state in HeadState:
        assert f"audit.state.{state.value}" in texts
    for code in FindingCode:
        assert f"audit.finding.{code.value}" in texts


class TestDoor:
    @pytest.mark.parametrize("path", PAGES)
    def test_only_auditors_of_the_municipality(
        self, auditor: Auditor, world: World, path: str
    ) -> None:
        assert auditor.get(path, headers={"accept": "text/html"}).status_code == 303
        others = [role for role in Role if role is not Role.AUDITOR]
        other = world.session(*others, name=f"other at {path}")
        assert auditor.get(path, headers=other).status_code == 403
        foreign = world.session(Role.AUDITOR, tenant=OTHER, name=f"foreign at {path}")
        assert auditor.get(path, headers=foreign).status_code == 404

    @pytest.mark.parametrize(
        ("file", "kind"),
        [("js", "text/javascript"), ("css", "text/css"), ("svg", "image/svg+xml")],
    )
    def test_script_and_sheet_are_open_and_may_be_kept(
        self, auditor: Auditor, file: str, kind: str
    ) -> None:
        answer = auditor.get(f"/audit.{file}", headers={})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "max-age" in answer.headers["cache-control"]
        for foreign in ("http:", "https:", "@import", "fetch(", "eval", "innerHTML"):
            allowed = foreign == "http:" and file == "svg"
            assert allowed or foreign not in answer.text


class TestEntries:
    def test_an_index_leads_to_its_page(self, auditor: Auditor) -> None:
        answer = auditor.get("/entries?index=%207%20")
        assert (answer.status_code, answer.headers["location"]) == (303, "/hanbit/log/entries/7")

    def test_what_is_found_is_counted_and_paged(self, auditor: Auditor) -> None:
        first = auditor.get("/entries?kind=decision").text
        assert "30 in all" in first
        assert "before=59" in first
        second = auditor.get("/entries?kind=decision&before=59").text
        assert "30 in all" in second
        assert 'rel="next"' not in second
        assert second.count('href="/hanbit/log/entries/') == 5

    def test_as_json(self, auditor: Auditor) -> None:
        found = auditor.get(f"/entries?issuer={VERIFIER}&format=json").json()
        assert (found["count"], found["more_than_count"], found["next"]) == (30, False, None)
        assert [each["index"] for each in found["entries"][:2]] == [299, 289]
        assert set(found["entries"][0]) == {"index", "kind", "hour", "issuer", "commitment"}

    def test_as_csv(self, auditor: Auditor) -> None:
        answer = auditor.get("/entries?kind=status_list&format=csv")
        assert answer.headers["content-type"].startswith("text/csv")
        rows = table(answer.text)
        assert (len(rows), rows[0]["index"], rows[0]["kind"]) == (30, "297", "status_list")
        assert "link" not in answer.headers

    def test_a_file_that_is_not_all_leads_to_the_next(
        self, auditor: Auditor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ledger_node.audit.entry_pages.IN_A_FILE", 200)
        answer = auditor.get("/entries?format=csv")
        link = "/hanbit/log/entries?format=csv&before=100"
        assert answer.headers["link"] == f'<{link}>; rel="next"'
        rest = auditor.get(link.removeprefix("/hanbit/log"))
        assert len(table(answer.text) + table(rest.text)) == 300

    def test_a_time_is_on_the_office_s_clock(self, auditor: Auditor) -> None:
        hour = "2026-11-22T14:00"
        found = auditor.get(f"/entries?from={hour}&to={hour}&format=json").json()
        assert found["count"] == 25

    @pytest.mark.parametrize(
        "query", ["from=x", "kind=person", "block=-1", "before=x", "index=x", "to=2026"]
    )
    def test_a_mistake_is_named_with_what_was_expected(self, auditor: Auditor, query: str) -> None:
        if query == "to=2026":
            query = "to=2026-99-99T00:00"
        page = auditor.get(f"/entries?{query}")
        assert page.status_code == 400
        assert 'role="alert"' in page.text
        told = auditor.get(f"/entries?{query}&format=json")
        assert (told.status_code, told.json()["field"]) == (400, query.partition("=")[0])

    def test_what_was_typed_is_shown_again_and_escaped(self, auditor: Auditor) -> None:
        page = auditor.get('/entries?issuer="><script>alert(1)</script>').text
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page


class TestEntry:
    def test_the_page_shows_bytes_steps_head_and_chain(self, auditor: Auditor) -> None:
        page = auditor.get("/entries/30").text
        for needed in (
            "This entry is in the log of 75 entries.",
            'data-size="75"',
            f"0x{102:064x}",
            "<svg viewBox=",
            '"sequence":30}',
        ):
            assert needed.replace('"seq', "&#34;seq").replace('e":30', "e&#34;:30") in page, needed

    def test_the_proof_as_json_verifies(self, auditor: Auditor) -> None:
        for path in ("/entries/30?format=json", "/entries/30?format=json&size=300"):
            found = auditor.get(path).json()
            data = base64url.decode(found["entry_bytes"])
            assert Entry.parse(data).sequence == 30
            proof = [base64url.decode(each) for each in found["inclusion_proof"]]
            root = base64url.decode(found["root"])
            assert verify_inclusion(30, found["size"], leaf_hash(data), proof, root)
            assert (found["holds"], found["anchor"]["block"]) == (True, 102)
            assert str(found["size"]) in found["checkpoint"]

    def test_an_entry_that_waits_for_the_chain_says_so(self, auditor: Auditor) -> None:
        page = auditor.get("/entries/299").text
        assert "Not on the chain yet." in page
        assert "data-chain-root" not in page

    @pytest.mark.parametrize("path", ["/entries/300", "/entries/0?size=26"])
    def test_there_is_none(self, auditor: Auditor, path: str) -> None:
        page = auditor.get(path)
        assert (page.status_code, "There is no such entry" in page.text) == (404, True)
        mark = "&" if "?" in path else "?"
        told = auditor.get(f"{path}{mark}format=json")
        assert (told.status_code, told.json()) == (404, {"error": "not_found"})

    @pytest.mark.parametrize("path", ["/entries/x", "/entries/-1", f"/entries/{2**70}"])
    def test_what_is_no_index(self, auditor: Auditor, path: str) -> None:
        assert auditor.get(path).status_code == 400

    def test_a_damaged_log_is_not_shown_as_good(self, own: World) -> None:
        head = own.publisher.newest()
        assert head is not None
        with own.publisher.stores() as store:
            store.save(type(head)(head.size, bytes(32), head.note))
        assert "The proof does not lead to the root" in Auditor(own).get("/entries/299").text

    def test_a_missing_file_is_told(self, own: World) -> None:
        for path in own.publisher.files.folder.glob("tile/0/**/*"):
            if path.is_file():
                path.unlink()
        page = Auditor(own).get("/entries/30")
        assert page.status_code == 503
        assert "A file of the log cannot be read." in page.text


class TestHeads:
    def test_all_of_them_with_who_signed(self, auditor: Auditor, world: World) -> None:
        found = auditor.get("/heads?format=json").json()
        assert (found["count"], len(found["heads"]), found["next"]) == (12, 12, None)
        newest = found["heads"][0]
        assert [line["state"] for line in newest["signatures"]] == ["good", "good"]
        assert 0 <= world.deps.clock.now() - newest["signatures"][1]["time"] < 600
        assert [line["algorithm"] for line in newest["signatures"]] == ["Ed25519", "ML-DSA-44"]
        rows = table(auditor.get("/heads?format=csv").text)
        assert len(rows) == 24
        assert {row["signature"] for row in rows} == {"good"}

    def test_they_are_paged(self, auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ledger_node.audit.head_pages.ON_A_PAGE", 5)
        page = auditor.get("/heads").text
        assert "below=200" in page
        assert auditor.get("/heads?below=200").text.count("<h2><a") == 5

    def test_one_that_a_later_one_covers_says_so(self, auditor: Auditor) -> None:
        page = auditor.get("/heads/50").text
        assert "A later head on the chain covers this one" in page
        assert 'href="/hanbit/log/heads/75"' in page
        assert "covered by a later head on the chain" in auditor.get("/heads").text

    @pytest.mark.parametrize("query", ["", "?format=json"])
    def test_there_is_none_of_this_size(self, auditor: Auditor, query: str) -> None:
        assert auditor.get(f"/heads/26{query}").status_code == 404

    def test_one_as_json(self, auditor: Auditor) -> None:
        found = auditor.get("/heads/25?format=json").json()
        assert (found["size"], found["state"], found["block"]) == (25, "anchored", 101)
        assert found["block_hash"] == f"0x{101:064x}"

    def test_one_in_a_block_that_may_be_taken_back_says_so(self, own: World) -> None:
        head = own.publisher.newest()
        assert head is not None
        own.anchor(head, 107, final=False)
        auditor = Auditor(own)
        assert "in a block, not yet final" in auditor.get("/heads/300").text
        assert "in a block, not yet final" in auditor.get("/entries/299").text
        assert auditor.get("/heads/300?format=json").json()["state"] == "included"

    def test_a_page_that_cannot_be_read(self, auditor: Auditor) -> None:
        assert auditor.get("/heads?below=x").status_code == 400


class TestConsistency:
    def test_the_proof_as_json_verifies(self, auditor: Auditor) -> None:
        found = auditor.get("/consistency?old=25&new=300&format=json").json()
        proof = [base64url.decode(each) for each in found["consistency_proof"]]
        roots = [base64url.decode(found[name]["root"]) for name in ("old", "new")]
        assert verify_consistency(25, 300, roots[0], roots[1], proof)
        assert found["holds"] is True
        assert len(found["checkpoints"]) == 2

    def test_the_page(self, auditor: Auditor) -> None:
        page = auditor.get("/consistency?old=300&new=25").text
        assert "The head of 300 entries extends the head of 25." in page
        assert 'data-old="25" data-new="300"' in page

    @pytest.mark.parametrize("query", ["old=1&new=300", "old=25", "new=25"])
    def test_there_is_no_such_head(self, auditor: Auditor, query: str) -> None:
        page = auditor.get(f"/consistency?{query}")
        assert (page.status_code, "There is no head of this size" in page.text) == (404, True)
        assert auditor.get(f"/consistency?{query}&format=json").status_code == 404


class TestGrowth:
    def test_the_table_says_what_the_picture_shows(self, auditor: Auditor) -> None:
        page = auditor.get("/growth").text
        assert page.count("<rect") == 12 * 3 + 3  # the legend has one of each kind
        assert '<th scope="row">2026-11-22</th>' in page
        assert "aria-labelledby" in page
        assert '<desc id="growth-desc">' in page

    def test_as_json_and_csv(self, auditor: Auditor) -> None:
        found = auditor.get("/growth?format=json").json()
        assert (found["by"], len(found["periods"])) == ("day", 30)
        assert found["periods"][-1]["total"] == 25
        rows = table(auditor.get("/growth?by=hour&day=2026-11-22&format=csv").text)
        assert {row["period"]: row["total"] for row in rows}["2026-11-22 14:00"] == "25"

    def test_a_day_that_cannot_be_read(self, auditor: Auditor) -> None:
        assert auditor.get("/growth?day=tomorrow").status_code == 400

    @pytest.mark.parametrize(
        ("day", "status"),
        [("0001-01-01", 400), ("1971-01-01", 200), ("9998-12-31", 200), ("9999-12-31", 400)],
    )
    def test_the_ends_of_the_calendar(self, auditor: Auditor, day: str, status: int) -> None:
        assert auditor.get(f"/growth?day={day}").status_code == status


class TestSending:
    def test_a_receipt_that_holds(self, auditor: Auditor, world: World) -> None:
        page = auditor.post("/find/receipt", "/find", {}, receipt=world.receipt(5).encode())
        assert page.status_code == 200
        assert "The receipt holds" in page.text
        assert 'href="/hanbit/log/entries/5"' in page.text

    def test_one_that_does_not_is_told_why(self, auditor: Auditor, world: World) -> None:
        value = {**world.receipt(5).to_json(), "log_origin": "x", "inclusion_proof": []}
        content = strict_json.dumps(value).encode()
        page = auditor.post("/find/receipt", "/find", {}, receipt=content).text
        assert "The receipt does not hold. Reasons: 2." in page
        assert "It is of another log." in page

    @pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff" * 100, b"x" * 200_000])
    def test_what_is_no_receipt(self, auditor: Auditor, content: bytes) -> None:
        page = auditor.post("/find/receipt", "/find", {}, receipt=content)
        assert (page.status_code, "This file is no receipt." in page.text) == (400, True)

    def test_digest_and_salt(self, auditor: Auditor, world: World) -> None:
        row = world.rows([5])[0]
        fields = {"digest": row["digest"], "salt": row["salt"]}
        answer = auditor.post("/find/commitment", "/find", fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/hanbit/log/entries/5")
        answer = auditor.post("/find/commitment", "/find", {**fields, "salt": "x"})
        assert (answer.status_code, "There is no such entry." in answer.text) == (404, True)

    def test_a_certificate_number(self, auditor: Auditor, world: World) -> None:
        content = export(world.rows(range(300)))
        fields = {"number": "record-000005"}
        page = auditor.post("/find/number", "/find", fields, export=content).text
        assert "as in the log" in page
        assert 'href="/hanbit/log/entries/5"' in page
        none = auditor.post("/find/number", "/find", {"number": "x"}, export=content)
        assert none.status_code == 404
        for fields, sent in (({"number": " "}, content), ({"number": "x"}, b"{")):
            assert auditor.post("/find/number", "/find", fields, export=sent).status_code == 400

    def test_a_database_with_differences(self, auditor: Auditor, world: World) -> None:
        rows = world.rows(range(300))
        rows[0] |= {"salt": rows[1]["salt"], "reference": "=1+1"}
        content = export(rows[:-1])
        page = auditor.post("/compare", "/compare", {}, export=content)
        assert (page.status_code, "2 differences" in page.text) == (200, True)
        assert "row altered" in page.text
        assert 'href="/hanbit/log/entries/298"' in page.text
        told = auditor.post("/compare", "/compare", {"format": "json"}, export=content).json()
        assert told["counts"] == {"row_altered": 1, "row_missing": 1}
        kept = auditor.post("/compare", "/compare", {"format": "csv"}, export=content)
        assert [row["where"] for row in table(kept.text)] == ["'=1+1", "entry 298"]

    def test_what_came_before_the_retention(self, auditor: Auditor, world: World) -> None:
        content = export(world.rows(range(275, 300)))
        fields = {"kept": "2026-11-22"}
        page = auditor.post("/compare", "/compare", fields, export=content).text
        assert "All the same" in page
        wrong = auditor.post("/compare", "/compare", {"kept": "x"}, export=content)
        assert (wrong.status_code, "The day cannot be read." in wrong.text) == (400, True)

    def test_what_is_no_export(self, auditor: Auditor) -> None:
        page = auditor.post("/compare", "/compare", {}, export=b"\n{")
        assert (page.status_code, "This file is no export." in page.text) == (400, True)
        assert "line 2 of the export" in page.text

    def test_an_export_while_another_is_read(
        self, auditor: Auditor, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = Comparer()
        turn = held.turn
        monkeypatch.setattr(Comparer, "turn", lambda _: turn())
        content = export(world.rows([5]))
        with turn():
            for path, form in (("/compare", "/compare"), ("/find/number", "/find")):
                page = auditor.post(path, form, {"number": "record"}, export=content)
                assert (page.status_code, "is being read" in page.text) == (503, True)

    def test_an_export_over_the_limit(self, auditor: Auditor) -> None:
        page = auditor.post("/compare", "/compare", {}, export=b" " * 400_000)
        assert page.status_code == 413
        assert "Choose a smaller file" in page.text

    def test_two_heads(self, auditor: Auditor) -> None:
        notes = [
            auditor.get(f"/heads/{size}?format=json").json()["checkpoint"] for size in (25, 50)
        ]
        fields = {"first": notes[0].replace("\n", "\r\n"), "second": notes[1]}
        page = auditor.post("/split", "/split", fields)
        assert (page.status_code, "Both are of this log" in page.text) == (200, True)
        wrong = auditor.post("/split", "/split", {"first": notes[0], "second": "x"})
        assert (wrong.status_code, "This is no checkpoint." in wrong.text) == (400, True)

    def test_nothing_of_it_is_in_the_journal(self, auditor: Auditor, world: World) -> None:
        auditor.post("/find/commitment", "/find", {"digest": "d" * 43, "salt": "secret-salt"})
        folder = world.settings.state_dir / "log"
        for path in folder.rglob("*"):
            assert not path.is_file() or b"secret-salt" not in path.read_bytes()

"""`madang wallet` as its person types it, against small twins on the network."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from madang.cli import wallet
from madang.cli.main import app
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.settings import Settings
from tests.serving import free_port
from tests.unit.mobile_stub.receiving.page import Page
from tests.unit.mobile_stub.receiving.provider import PROVIDER, ProviderTwin
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.verifiers import REDIRECT, RESPONSE_URI, Shop, mdoc_query, trusting
from tests.unit.mobile_stub.world import PASSPHRASE, SECRETS, Issuer, World, query

Typed = Callable[..., str]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a wallet that is closed, so that the command can open it."""
    return closed(tmp_path, monkeypatch, lambda world: world.hold("digital_id"))


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return one that holds the Digital ID as an mdoc alone."""
    names = {"en": "Digital ID"}
    return closed(tmp_path, monkeypatch, lambda world: world.hold_mdoc(names))


def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hold: Callable[[World], None]) -> World:
    world = World(tmp_path)
    trusting(world, tmp_path)
    hold(world)
    world.vault.close()
    settings = world.settings
    told = {
        "FOLDER": settings.folder,
        "PASSPHRASE": PASSPHRASE,
        "ANCHORS": settings.anchors,
        "ACCREDITATIONS": settings.accreditations,
        "RECORD": settings.record,
        "COPIES": 3,
        "ACCREDITATION_REFRESH_SECONDS": settings.accreditation_refresh_seconds,
        "REQUEST_ANCHORS": tmp_path / "roots.pem",
    }
    for name, value in told.items():
        monkeypatch.setenv(f"WALLET_{name}", str(value))

    def network(settings: Settings) -> Network:
        return Network(settings, world.net)

    monkeypatch.setattr("mobile_stub.adapters.network.Network", network)
    return world


def typed(*arguments: str, answer: str = "", code: int = 0) -> Any:
    result = CliRunner().invoke(app, ["wallet", *arguments], input=answer)
    assert result.exit_code == code, result.output
    return result


def held() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(typed("list", "--json").stdout)
    return found


def link(shop: Shop) -> str:
    return f"openid4vp://?{shop.parameters()}"


def test_what_is_held_is_listed_without_what_it_says_and_shown_when_asked(world: World) -> None:
    assert world.folder
    told = typed("list").stdout
    assert told.count("dc+sd-jwt") == 3
    assert not any(secret in told for secret in SECRETS)
    digest = held()[0]["digest"]
    assert 'name: "Kim Mina"' in typed("show", digest).stdout
    assert json.loads(typed("show", digest, "--json").stdout)["claims"]["birth_year"] == 1996
    assert "unknown_copy" in typed("show", "x", code=1).stderr


def test_a_copy_is_deleted_when_its_person_agrees(world: World) -> None:
    assert world.folder
    digest = held()[0]["digest"]
    typed("delete", digest, answer="n\n", code=1)
    assert len(held()) == 3
    assert typed("delete", digest, "--yes").stdout == f"deleted {digest}\n"
    assert digest not in {each["digest"] for each in held()}
    typed("delete", digest, "--yes", code=1)


def test_a_request_is_told_before_it_is_answered(world: World) -> None:
    shop = Shop(world.net, reply={"redirect_uri": REDIRECT})
    result = typed("present", link(shop), answer="y\n")
    assert "(certified)" in result.stderr
    assert "No municipality has registered this office." in result.stderr
    assert "\n    birth_year = 1996\n" in result.stderr
    assert result.stdout.endswith(f"shown, and taken by the verifier\ngo on at {REDIRECT}\n")
    assert shop.opened()["vp_token"].keys() == {"digital_id"}


def test_a_mobile_document_is_told_in_the_same_words(documents: World) -> None:
    shop = Shop(documents.net, claims={"dcql_query": mdoc_query()})
    result = typed("present", link(shop), answer="y\n")
    assert "  mdoc: Digital ID, as mso_mdoc from " in result.stderr
    assert "\n    birth_year = 1996\n" in result.stderr
    assert shop.opened()["vp_token"].keys() == {"mdoc"}


def test_elements_of_one_name_in_two_name_spaces_are_told_apart() -> None:
    paths = {'["a", "x"]': 1, '["b", "x"]': 2, '["b", "y"]': 3}
    told = wallet._in_words({"format": "mso_mdoc", "claims": paths})
    assert dict(told) == {'["a", "x"]': 1, '["b", "x"]': 2, "y": 3}


@pytest.mark.parametrize(("arguments", "answer"), [(["--no"], ""), ([], "n\n")])
def test_who_does_not_agree_shows_nothing(arguments: list[str], answer: str, world: World) -> None:
    shop = Shop(world.net)
    result = typed("present", link(shop), *arguments, answer=answer, code=1)
    assert result.stdout.endswith("not agreed; nothing was shown\n")
    assert world.net.posted(RESPONSE_URI) == [{"error": "access_denied", "state": "state-1"}]
    assert not world.leaked


def test_machines_read_json_and_leave_out_what_is_optional(world: World) -> None:
    asked = query("digital_id", "lease")
    asked["credential_sets"] = [{"options": [["digital_id"], ["lease"]]}]
    shop = Shop(world.net, claims={"dcql_query": asked})
    done = typed("present", link(shop), "--yes", "--json", "--leave-out", "lease")
    assert json.loads(done.stdout) == {"status": "accepted"}
    refused = typed("present", link(shop), "--yes", "--leave-out", "digital_id", code=1)
    assert "choice_refused" in refused.stderr


def test_what_is_not_held_is_told(world: World) -> None:
    shop = Shop(world.net, claims={"dcql_query": query("lease")})
    result = typed("present", link(shop), "--yes", code=1)
    assert "is not held" in result.stderr
    assert "not everything that it needs is held; nothing was shown" in result.stdout
    assert "not agreed" not in result.stdout


@pytest.mark.parametrize("sign", ["\x1b[2J", "\r", "\n", "\x9b2J", "\u202e"])
def test_nothing_that_others_wrote_moves_the_cursor(
    sign: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = query("lease")
    asked["credentials"][0]["meta"]["vct_values"] = [f"https://x.example/{sign}"]
    told = typed("present", link(Shop(world.net, claims={"dcql_query": asked})), code=1).stderr
    assert f"https://x.example/{ascii(sign)[1:-1]} is not held" in told
    odd = f"odd{sign}"
    wallet._tell_offer({"issuer": odd, "certificates": {odd: {"en": odd}}})
    wallet._tell_taken({"credentials": [{"error": odd, "type": odd}]}, as_json=False)
    wallet._go_on(odd, browser=False, quiet=False)
    with pytest.raises(typer.Exit), wallet._refusing(as_json=False):
        raise WalletError(odd, odd)
    lines = "".join(capsys.readouterr()).split("\n")[:-1]
    assert len(lines) == 5
    assert all(f"odd{ascii(sign)[1:-1]}" in line and line.isprintable() for line in lines)


def test_an_offer_is_accepted_with_its_code(world: World) -> None:
    issuer = Issuer(world.net)
    typed("accept", issuer.link("lease"), answer="n\n", code=1)
    result = typed("accept", issuer.link("lease"), answer="y\n1234\n")
    assert "offers:" in result.stderr
    assert result.stdout.endswith("kept 3 copies of lease\n")
    done = typed("accept", issuer.link(), "--yes", "--tx-code", "1234", "--json")
    assert json.loads(done.stdout)["credentials"][0]["copies"] == 3
    wrong = typed("accept", issuer.link("lease"), "--yes", "--tx-code", "0000", code=1)
    assert wrong.stderr.count("invalid_grant") == 1


@pytest.fixture
def office(world: World, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an issuer that asks for a log-in, and give the wallet a provider and a free port."""
    port = free_port()
    monkeypatch.setenv("WALLET_PORT", str(port))
    monkeypatch.setenv("WALLET_PROVIDER", PROVIDER)
    ProviderTwin(world.net)
    return Office(world.net, redirect_uri=f"http://127.0.0.1:{port}/callback")


def _agreed(office: Office, url: str) -> None:
    httpx.get(asyncio.run(Page(office).authorize(url)), trust_env=False)


def test_an_offer_with_a_log_in_is_accepted_when_the_browser_comes_back(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser is another program; here a thread, in which the person agrees."""
    assert world.folder
    opened: list[Thread] = []

    def launch(url: str) -> None:
        opened.append(Thread(target=_agreed, args=(office, url)))
        opened[-1].start()

    monkeypatch.setattr(typer, "launch", launch)
    result = typed("accept", office.by_log_in("lease"), "--yes", "--browser")
    opened[-1].join()
    assert f"log in at {office.server}/authorize?" in result.stderr
    assert result.stdout.endswith("kept 3 copies of lease\n")


def test_an_issuer_hears_that_what_it_gave_was_deleted(world: World, office: Office) -> None:
    assert world.folder
    done = typed("accept", office.pre_authorized(tx_code=False), "--yes", "--json").stdout
    (told,) = json.loads(done)["credentials"]
    office.events.clear()
    for digest in told["digests"]:
        assert office.events == []
        typed("delete", digest, "--yes")
    assert [each["event"] for each in office.events] == ["credential_deleted"]


@pytest.mark.parametrize("command", [["show"], ["delete", "--yes"]])
@pytest.mark.parametrize("digest", ["-x3", "--y4", "-yes"])
def test_a_digest_may_begin_with_a_hyphen(world: World, command: list[str], digest: str) -> None:
    assert world.folder
    refused = typed(*command, digest, code=1)
    assert "No such option" not in refused.stderr
    assert "unknown_copy" in refused.stderr


def test_a_log_in_is_waited_for_no_longer_than_told(world: World, office: Office) -> None:
    assert world.folder
    result = typed("accept", office.by_log_in("lease"), "--yes", "--wait", "1", code=1)
    assert "log in at " in result.stderr
    assert "log_in_over" in result.stderr
    assert len(held()) == 3


def test_a_request_is_no_offer(world: World) -> None:
    refused = typed("accept", link(Shop(world.net)), code=1)
    assert "not_an_offer" in refused.stderr
    office = Issuer(world.net)
    for more in ([], ["--yes"], ["--json", "--yes"]):
        refused = typed("present", office.link("lease"), *more, code=1)
        assert "not_a_request" in refused.output


def test_the_passphrase_comes_from_a_file_or_the_terminal(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.folder
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n", "utf-8")
    monkeypatch.delenv("WALLET_PASSPHRASE")
    folder = str(world.settings.folder)
    typed("list", "--folder", folder, "--passphrase-file", str(file))
    typed("list", answer=f"{PASSPHRASE}\n")
    assert "wrong_passphrase" in typed("list", answer="another\n", code=1).stderr
    missing = typed("list", "--passphrase-file", str(tmp_path / "none"), code=1)
    assert "passphrase_unreadable" in missing.stderr


def test_a_refusal_is_json_where_that_is_asked_for(world: World) -> None:
    told = json.loads(typed("show", "nothing", "--json", code=1).stdout)
    assert told.keys() == {"error", "detail"}
    assert told["error"] == "unknown_copy"


def test_a_verifier_that_nobody_vouches_for_is_refused_with_the_settings_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WALLET_REQUEST_ANCHORS")
    told = typed("present", link(Shop(world.net)), "--yes", code=1).stderr
    assert "request_unknown_anchor" in told
    assert "WALLET_REQUEST_ANCHORS" in told


@pytest.mark.parametrize("command", ["accept", "present"])
def test_a_link_that_is_neither_is_told_with_what_was_expected(command: str, world: World) -> None:
    told = typed(command, "https://issuer.example/offers", code=1).stderr
    assert "not_a_known_link: it begins with 'https://issuer.example/offers'" in told
    assert "openid-credential-offer://" in told
    assert "openid4vp://" in told


def test_an_offer_that_cannot_be_read_is_told_once(world: World) -> None:
    told = typed("accept", "openid-credential-offer://?credential_offer=x", code=1).stderr
    assert told.count("invalid_offer") == 1
    assert "ask whoever made it for another" in told


def test_a_folder_that_is_no_wallet_is_told_in_a_line(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "wallet.sqlite").write_bytes(bytes(range(256)) * 16)
    for name in ("file", "other"):
        told = typed("list", "--folder", str(tmp_path / name), code=1).stderr
        assert told.startswith(f"refused: vault_unreadable: {tmp_path / name} cannot be used")
        assert "WALLET_FOLDER" in told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("COPIES", "some", "WALLET_COPIES: Input should be a valid integer"),
        ("BROWSER", "no", "WALLET_BROWSER: Input should be 'open', 'wait' or 'follow'"),
        ("SCOPES", "{", "WALLET_SCOPES is not JSON"),
    ],
)
def test_a_setting_that_is_wrong_is_told_by_its_name(
    name: str, value: str, told: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WALLET_{name}", value)
    assert typed("list", code=1).stderr.startswith(f"refused: {told}")


def test_nobody_is_asked_blind(world: World) -> None:
    Issuer(world.net)
    asked = typed("accept", Issuer.link(), "--json", "--tx-code", "1234", answer="n\n", code=1)
    assert "Digital_Id" in asked.stderr


def test_nothing_is_waited_for(world: World) -> None:
    assert typed("waiting").stdout == "nothing is waited for\n"
    assert json.loads(typed("waiting", "--json").stdout) == {"credentials": []}


def test_it_is_served_to_this_machine(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("WALLET_PORT", str(port))
    command = [sys.executable, "-m", "madang.cli.wallet", "serve"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            told = next(line for line in process.stderr or () if "running on" in line)
            assert f"http://127.0.0.1:{port} " in told
            (copy, *_) = httpx.get(f"http://127.0.0.1:{port}/credentials").json()["credentials"]
        finally:
            process.terminate()
    assert copy["digest"] in {each["digest"] for each in held()}


def test_what_is_wrong_ends_it_in_a_line(world: World, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("another passphrase")
    told = typed("serve", "--passphrase-file", str(tmp_path / "other"), code=1).stderr
    assert told.startswith("refused: ")
    assert "passphrase" in told

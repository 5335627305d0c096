"""`madang keys` as an officer types it, over a prepared state folder."""

import re
from pathlib import Path

import pytest
from click.testing import Result
from sqlmodel import select
from typer.testing import CliRunner

from issuer.settings import Settings
from madang.cli.main import app
from madang.core.keys.life import Active, Announced, Compromised
from madang.infra import journal
from madang.infra import keystore as keys_module
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.hsm import HsmError
from madang.infra.key_ring import KeyRings
from madang.infra.key_turning import Turning
from madang.infra.outbox import OutboxRow
from madang.infra.setup import keystore

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
TENANT, OTHER = "hanbit", "saebyeol"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("MADANG_CATALOG_DIR", str(CATALOG))
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "right")
    typed("prepare")
    return tmp_path


def typed(*arguments: str, answer: str = "", code: int = 0) -> str:
    result: Result = CliRunner().invoke(app, list(arguments), input=answer)
    assert result.exit_code == code, result.output
    return str(result.output)


def states(purpose: str = "issuer", tenant: str = TENANT) -> list[type]:
    ring = KeyRings(keystore(Settings())).ring(tenant, purpose)
    return [type(version.state) for version in ring.at(SystemClock().now())]


def trail() -> tuple[list[str], int]:
    """Return the journal's codes, and how many entries wait for the log."""
    database = Database(Settings().database("issuer"))
    with database.reading() as session:
        codes = [entry.code for entry in journal.entries(session, TENANT)]
        waiting = len(session.exec(select(OutboxRow)).all())
    database.close()
    return codes, waiting


def test_the_list_shows_every_key_and_what_comes_next(state: Path) -> None:
    told = typed("keys", "list")
    for tenant in (TENANT, OTHER):
        assert f"{tenant}/issuer\n" in told
        assert f"{tenant}/second\n" in told
    kid = KeyRings(keystore(Settings())).ring(TENANT, "issuer").decided[0].kid
    line = next(line for line in told.splitlines() if kid in line)
    assert re.search(r"1  \S+  active since \S+ \S+ UTC, to be rotated before \d{4}-", line)
    assert OTHER not in typed("keys", "list", "--tenant", TENANT)


def test_a_rotation_says_when_the_new_key_signs_and_leaves_a_trail(state: Path) -> None:
    told = typed("keys", "rotate", "--tenant", TENANT)
    assert re.search(r"2  \S+  announced since .*, signs from .* UTC", told)
    assert "Nothing more is to be done" in told
    assert states() == [Active, Announced]
    assert states(tenant=OTHER) == states("second") == [Active]
    assert trail() == (["key.announced", "key.active", "key.announced"], 3)


def test_a_second_rotation_is_refused_in_words(state: Path) -> None:
    typed("keys", "rotate", "--tenant", TENANT, "--purpose", "second")
    told = typed("keys", "rotate", "--tenant", TENANT, "--purpose", "second", code=1)
    assert told.startswith("refused: version 2 is announced already")
    assert states("second") == [Active, Announced]


def test_a_key_that_is_given_up_has_its_successor_announced(state: Path) -> None:
    told = typed("keys", "compromise", "--tenant", TENANT, "--version", "1", answer="y\n")
    assert "Version 1 of hanbit/issuer is given up since" in told
    assert "NOTHING IS SIGNED" in told
    assert states() == [Compromised, Announced]
    codes, _ = trail()
    assert codes[-2:] == ["key.compromised", "key.announced"]
    assert "compromised since" in typed("keys", "list")


def test_an_officer_whose_next_key_cannot_be_made_knows_that_nothing_is_signed(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is given up all the same, and `rotate` is to be typed when the token is back."""

    def gone(*_: object, **__: object) -> None:
        raise HsmError("the token does not answer")

    monkeypatch.setattr(Turning, "rotate", gone)
    told = typed("keys", "compromise", "--tenant", TENANT, "--version", "1", "--yes", code=1)
    assert "NOTHING IS SIGNED" in told
    assert "refused: the token does not answer" in told
    assert "madang keys rotate" in told
    assert states() == [Compromised]


def test_a_spare_that_is_given_up_leaves_the_active_key_alone(state: Path) -> None:
    typed("keys", "rotate", "--tenant", TENANT)
    told = typed("keys", "compromise", "--tenant", TENANT, "--version", "2", "--yes")
    assert "NOTHING IS SIGNED" not in told
    assert states() == [Active, Compromised]


def test_an_active_key_that_is_given_up_waits_for_the_one_that_is_announced(state: Path) -> None:
    typed("keys", "rotate", "--tenant", TENANT)
    typed("keys", "compromise", "--tenant", TENANT, "--version", "1", "--yes")
    assert states() == [Compromised, Announced]


def test_a_version_that_is_not_there_is_told_before_anything_is_asked(state: Path) -> None:
    told = typed("keys", "compromise", "--tenant", TENANT, "--version", "7", code=1)
    assert told == "refused: there is no version 7, there are 1\n"
    typed("keys", "compromise", "--tenant", TENANT, "--version", "1", "--yes")
    told = typed("keys", "compromise", "--tenant", TENANT, "--version", "1", code=1)
    assert told.startswith("refused: version 1 is compromised since 20")


def test_what_was_never_prepared_says_what_to_type(
    state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mistyped folder is not shown as one without keys, and nothing is made in it."""
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("MADANG_STATE_DIR", str(elsewhere))
    for command in (("list",), ("rotate", "--tenant", TENANT)):
        told = typed("keys", *command, code=1)
        assert "madang prepare" in told
        assert "MADANG_STATE_DIR" in told
    assert not elsewhere.exists()


def test_a_no_changes_nothing(state: Path) -> None:
    typed("keys", "compromise", "--tenant", TENANT, "--version", "1", answer="n\n", code=1)
    assert states() == [Active]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rotate", "--tenant", "nowhere"), "no municipality 'nowhere'"),
        (("compromise", "--tenant", TENANT, "--version", "7", "--yes"), "no version 7"),
        (("list", "--tenant", "nowhere"), "no municipality"),
    ],
)
def test_what_is_not_there_is_told(state: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in typed("keys", *arguments, code=1)
    assert states() == [Active]


def test_keys_that_do_not_turn_are_no_choice(state: Path) -> None:
    typed("keys", "rotate", "--tenant", TENANT, "--purpose", "log", code=2)


def test_a_wrong_passphrase_is_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "wrong")
    assert "MADANG_KEY_PASSPHRASE" in typed("keys", "rotate", "--tenant", TENANT, code=1)

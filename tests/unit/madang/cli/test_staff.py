"""Whoever runs the services makes accounts for those who sign in at them."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from madang.access.staff import Role, SignInError, Staff
from madang.cli.main import app
from madang.infra.db import Database
from madang.infra.ids import SystemIds
from madang.infra.settings import CommonSettings

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
NOW = 1_800_000_000
FIRST, SECOND = "a long passphrase", "another passphrase"


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("MADANG_CATALOG_DIR", str(CATALOG))
    origins = {"verifier": "https://city.test:9402", "counter": "https://city.test:9403"}
    monkeypatch.setenv("MADANG_ORIGINS", json.dumps(origins))
    return CliRunner()


def roles_of(service: str, tenant: str, name: str, passphrase: str) -> frozenset[str]:
    """Sign in as at the service's page; return the roles."""
    settings = CommonSettings()
    with closing(Database(settings.database(service))) as database:
        staff = Staff(database, SystemIds(), settings)
        token = staff.sign_in(tenant, name, passphrase, now=NOW)
        actor = staff.actor(token, now=NOW)
        assert actor is not None
        return actor.roles


def test_an_account_signs_in_at_its_service_with_its_roles(runner: CliRunner) -> None:
    typed = ["staff", "counter", "hanbit", "kim", "--role", "clerk", "--role", "officer"]
    outcome = runner.invoke(app, typed, input=f"{FIRST}\n{FIRST}\n")
    assert outcome.exit_code == 0, outcome.output
    told = "kim signs in at https://city.test:9403/hanbit/counter/sign-in as clerk, officer\n"
    assert outcome.stdout.endswith(told)
    assert FIRST not in outcome.output
    assert roles_of("counter", "hanbit", "kim", FIRST) == {Role.CLERK, Role.OFFICER}
    with pytest.raises(SignInError):
        roles_of("counter", "saebyeol", "kim", FIRST)


def test_another_passphrase_and_other_roles_take_the_place_of_the_first(
    runner: CliRunner, tmp_path: Path
) -> None:
    for passphrase, role in ((FIRST, "agency"), (SECOND, "administrator")):
        (tmp_path / "secret").write_text(passphrase + "\n")
        typed = ["staff", "verifier", "hanbit", "lee", "--role", role]
        outcome = runner.invoke(app, [*typed, "--passphrase-file", str(tmp_path / "secret")])
        assert outcome.exit_code == 0, outcome.output
    assert roles_of("verifier", "hanbit", "lee", SECOND) == {Role.ADMINISTRATOR}
    with pytest.raises(SignInError):
        roles_of("verifier", "hanbit", "lee", FIRST)


@pytest.mark.parametrize(
    ("typed", "given", "told"),
    [
        (["counter", "nowhere", "kim", "--role", "clerk"], FIRST, "there is no municipality"),
        (["counter", "hanbit", "kim", "--role", "king"], FIRST, "'king' is not one of 'clerk'"),
        (["issuer", "hanbit", "kim", "--role", "clerk"], FIRST, "'issuer' is not one of 'counter'"),
        (["counter", "hanbit", "kim", "--role", "clerk"], "short", "at least 12 are expected"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_made(
    runner: CliRunner, tmp_path: Path, typed: list[str], given: str, told: str
) -> None:
    outcome = runner.invoke(app, ["staff", *typed], input=f"{given}\n{given}\n")
    assert outcome.exit_code != 0
    assert told in " ".join(outcome.output.replace("│", " ").split())
    assert not list(tmp_path.glob("**/*.sqlite"))


def test_a_file_that_cannot_be_read_is_named(runner: CliRunner, tmp_path: Path) -> None:
    typed = ["staff", "counter", "hanbit", "kim", "--role", "clerk"]
    outcome = runner.invoke(app, [*typed, "--passphrase-file", str(tmp_path / "no")])
    assert outcome.exit_code != 0
    assert "cannot be read as text" in " ".join(outcome.output.replace("│", " ").split())

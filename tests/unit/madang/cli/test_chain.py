"""`madang chain` as an operator types it."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from eth_account import Account
from typer.testing import CliRunner

from ledger_node.network import binary
from madang.cli.main import app
from madang.infra import keystore

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
TIME = "2026-01-01T00:00:00+00:00"
ACCOUNT = "0x" + "12" * 20


def typed(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["chain", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return str(result.output)


def member(folder: Path, name: str, account: str = ACCOUNT) -> Path:
    home = folder / name
    peer = f"{name}.example:26656"
    typed("member", "--name", name, "--peer", peer, "--home", home, "--account", account)
    return home / "member.json"


@pytest.fixture
def members(tmp_path: Path) -> list[Path]:
    return [member(tmp_path, name) for name in ("hanbit", "saebyeol")]


def test_a_member_tells_nothing_secret_and_is_made_once(tmp_path: Path) -> None:
    path = member(tmp_path, "hanbit")
    told = path.read_bytes()
    assert set(json.loads(told)) == {"name", "node", "key", "operator", "peer", "account"}
    assert (tmp_path / "hanbit" / "operator.key").read_bytes() not in told
    assert member(tmp_path, "hanbit").read_bytes() == told


def test_a_name_that_cannot_be_one_is_refused_before_keys_are_made(tmp_path: Path) -> None:
    told = typed("member", "--name", "a b", "--peer", "a:1", "--home", tmp_path / "a", code=1)
    assert "letters, digits" in told
    assert not (tmp_path / "a").exists()


@pytest.fixture
def engine() -> None:
    if not binary.cached().is_file():
        pytest.skip("no network engine: Go is absent")


def digest(home: Path, members: list[Path], time: str = TIME) -> str:
    told = typed("join", *members, "--home", home, "--time", time)
    found = re.search(r"genesis ([0-9a-f]{64})", told)
    assert found is not None
    return found[1]


def test_all_machines_come_to_one_genesis_in_whatever_order(
    engine: None, members: list[Path]
) -> None:
    one, other = members[0].parent, members[1].parent
    first = digest(one, members)
    assert digest(other, members[::-1]) == first
    assert digest(one, members, "2026-01-01T00:00:01+00:00") != first
    settings = (one / "config" / "config.toml").read_text("utf-8")
    assert "@saebyeol.example:26656" in settings
    assert "@hanbit.example" not in settings


def test_a_running_networks_genesis_is_taken_as_it_is(members: list[Path], tmp_path: Path) -> None:
    content = b'{"chain_id": "madang-1"}'
    (tmp_path / "genesis.json").write_bytes(content)
    home = members[0].parent
    told = typed("join", *members, "--home", home, "--genesis", tmp_path / "genesis.json")
    assert hashlib.sha256(content).hexdigest() in told
    assert (home / "config" / "genesis.json").read_bytes() == content


def test_a_network_is_new_or_it_runs(members: list[Path], tmp_path: Path) -> None:
    home = members[0].parent
    for more in ((), ("--time", TIME, "--genesis", tmp_path / "genesis.json")):
        assert "either --time" in typed("join", *members, "--home", home, *more, code=1)


def test_who_is_not_among_the_members_cannot_join(
    engine: None, members: list[Path], tmp_path: Path
) -> None:
    stranger = member(tmp_path, "stranger").parent
    told = typed("join", *members, "--home", stranger, "--time", TIME, code=1)
    assert "not among the members" in told


def test_one_member_named_twice_is_refused(members: list[Path]) -> None:
    home = members[0].parent
    told = typed("join", *members, members[0], "--home", home, "--time", TIME, code=1)
    assert "the same name" in told


@pytest.mark.parametrize("time", ["tomorrow", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"])
def test_a_time_that_is_none_or_names_no_zone_is_refused(members: list[Path], time: str) -> None:
    told = typed("join", *members, "--home", members[0].parent, "--time", time, code=1)
    assert "RFC 3339" in told


def test_without_the_engine_it_says_what_to_do(
    members: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    told = typed("join", *members, "--home", members[0].parent, "--time", TIME, code=1)
    assert "make network-engine" in told
    assert "make network-engine" in typed("up", "--state", tmp_path / "state", code=1)


def listed(folder: Path, keys: list[str]) -> Path:
    path = folder / "validators.json"
    content = [
        {"name": f"v{at}", "key": key, "host": "10.0.0.1", "port": 30303}
        for at, key in enumerate(keys)
    ]
    path.write_text(json.dumps(content))
    return path


def test_besu_gets_a_folder_for_each_validator(tmp_path: Path) -> None:
    path = listed(tmp_path, ["ab" * 64, "cd" * 64])
    arguments = ("config", "besu", "--validators", path, "--out", tmp_path, "--time", TIME)
    assert "v0, v1; chain id 8283" in typed(*arguments)
    document = json.loads((tmp_path / "v1" / "genesis.json").read_bytes())
    assert document["timestamp"] == "0x6955b900"


@pytest.mark.parametrize("content", ["[]", "{}", "[1]", "nothing"])
def test_what_is_no_list_of_validators_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "validators.json"
    path.write_text(content)
    arguments = ("config", "besu", "--validators", path, "--out", tmp_path, "--time", TIME)
    assert "refused:" in typed(*arguments, code=1)


def test_two_validators_with_one_key_are_refused(tmp_path: Path) -> None:
    path = listed(tmp_path, ["ab" * 64, "ab" * 64])
    arguments = ("config", "besu", "--validators", path, "--out", tmp_path, "--time", TIME)
    assert "the same key" in typed(*arguments, code=1)


def test_the_account_is_the_one_of_the_municipalitys_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore, "SCRYPT_N", 2)
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("MADANG_CATALOG_DIR", str(CATALOG))
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "right")
    told = typed("account", "--tenant", "hanbit").strip()
    secret = keystore.Keystore(tmp_path / "keys", "right").secret("hanbit", "chain")
    assert told == Account.from_key(secret).address
    assert typed("account", "--tenant", "hanbit").strip() == told
    assert "no municipality" in typed("account", "--tenant", "nowhere", code=1)

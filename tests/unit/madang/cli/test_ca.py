"""`madang ca` makes files, and the settings that use them."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from madang.cli.main import app
from madang.core.trust.x509 import san_uris, validate_chain
from madang.infra import keystore as keys_module
from madang.infra.anchors import load_anchors, read_certificates
from madang.infra.authority import CERTIFIED
from madang.infra.clock import SystemClock
from madang.infra.key_ring import KeyRings
from madang.infra.settings import CommonSettings
from madang.infra.setup import keystore
from madang.infra.trust import load_anchors as roots_of

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
ORIGINS = {
    "issuer": "https://localhost:9401",
    "verifier": "https://localhost:9402",
    "wallet": "https://localhost:9404",
    "log": "https://localhost:9405",
}


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("MADANG_CATALOG_DIR", str(CATALOG))
    monkeypatch.setenv("MADANG_ORIGINS", json.dumps(ORIGINS))
    return CliRunner()


def settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in shlex.split(text))


def test_what_is_printed_can_be_used_as_it_is(runner: CliRunner, tmp_path: Path) -> None:
    outcome = runner.invoke(app, ["ca", str(tmp_path), "--tenant", "hanbit"])
    assert outcome.exit_code == 0, outcome.output
    found = settings(outcome.stdout)
    assert settings((tmp_path / "settings.env").read_text()) == found
    keys = json.loads(found["MADANG_SIGNING_KEYS"])
    assert set(keys) == {f"hanbit/{purpose}" for purpose in CERTIFIED}
    anchors = load_anchors(Path(found["MADANG_WALLET_ANCHORS"]))
    services = {"accreditations": "log", "wallet-provider": "wallet", "key-attestation": "wallet"}
    for name, files in keys.items():
        chain = read_certificates(Path(files["chain"]))
        validate_chain(chain, anchors, now=SystemClock().now())
        service = services.get(name.split("/")[1], name.split("/")[1])
        assert san_uris(chain[0]) == (f"{ORIGINS[service]}/hanbit/{service}",)


def test_a_shell_reads_every_setting_of_the_file(runner: CliRunner, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    found = settings(runner.invoke(app, ["ca", str(folder), "--tenant", "hanbit"]).stdout)
    read = 'set -eu; set -a; . "$1"; env'
    told = subprocess.run(
        ["/bin/sh", "-c", read, "sh", str(folder / "settings.env")],
        env={},
        capture_output=True,
        check=False,
    )
    assert told.stderr == b""
    assert {f"{name}={value}" for name, value in found.items()} <= set(
        told.stdout.decode().splitlines()
    )


def test_all_municipalities_have_keys_when_none_is_named(runner: CliRunner, tmp_path: Path) -> None:
    outcome = runner.invoke(app, ["ca", str(tmp_path), "--host", "a.example"])
    keys = json.loads(settings(outcome.stdout)["MADANG_SIGNING_KEYS"])
    assert {name.split("/")[0] for name in keys} == {"hanbit", "saebyeol"}


def test_a_municipality_that_is_none_is_refused(runner: CliRunner, tmp_path: Path) -> None:
    outcome = runner.invoke(app, ["ca", str(tmp_path), "--tenant", "nowhere"])
    assert outcome.exit_code == 1
    assert "there is no municipality 'nowhere'" in outcome.stderr
    assert not list(tmp_path.glob("*.key"))


def test_a_city_prepared_with_these_keys_signs_with_them(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    found = settings(runner.invoke(app, ["ca", str(tmp_path / "ca")]).stdout)
    for name, value in {**found, "MADANG_STATE_DIR": str(tmp_path / "state")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "right")
    outcome = runner.invoke(app, ["prepare"])
    assert outcome.exit_code == 0, outcome.output
    rings, anchors = KeyRings(keystore(CommonSettings())), load_anchors(tmp_path / "ca/root.pem")
    now = SystemClock().now()
    for tenant in ("hanbit", "saebyeol"):
        for purpose in ("issuer", "wallet-provider", "key-attestation"):
            signer = rings.signer(tenant, purpose, now=now)
            assert validate_chain(signer.certificate_chain, anchors, now=now) == signer.public_key
        made = {path.name for path in (tmp_path / "state/keys" / tenant).glob("*.key")}
        assert not made & {f"{purpose}.key" for purpose in CERTIFIED}
        # What the registry begins with, and the others go by.
        assert roots_of(tmp_path / "state/trust/anchors", tenant) == anchors
    assert runner.invoke(app, ["prepare"]).exit_code == 0
    assert roots_of(tmp_path / "state/trust/anchors", "hanbit") == anchors


@pytest.mark.parametrize("purpose", ["issuer", "verifier", "accreditations"])
def test_a_chain_that_leads_to_no_root_of_the_municipality_is_refused_in_words(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purpose: str
) -> None:
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    runner.invoke(app, ["ca", str(tmp_path), "--tenant", "hanbit"])
    name = f"hanbit/{purpose}"
    files = {end: str(tmp_path / f"hanbit-{purpose}.{end}") for end in ("key", "pem")}
    given = {name: {"key": files["key"], "chain": files["pem"]}}
    monkeypatch.setenv("MADANG_SIGNING_KEYS", json.dumps(given))
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "right")
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path / "state"))
    outcome = runner.invoke(app, ["prepare"])
    assert outcome.exit_code == 1
    assert f"{name}: {files['pem']} leads to no root of hanbit (unknown_anchor)" in outcome.stderr
    assert 'name its root, PEM or DER, by "anchor" beside key and chain' in outcome.stderr


@pytest.mark.parametrize("command", [["prepare"], ["serve", "issuer"]], ids=lambda each: each[0])
def test_a_self_signed_leaf_is_refused_at_start_in_words(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    runner.invoke(app, ["ca", str(tmp_path)])
    files = {"key": str(tmp_path / "root.key"), "chain": str(tmp_path / "root.pem")}
    monkeypatch.setenv("MADANG_SIGNING_KEYS", json.dumps({"hanbit/issuer": files}))
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "right")
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path / "state"))
    outcome = runner.invoke(app, command)
    assert outcome.exit_code == 1
    assert "refused: MADANG_SIGNING_KEYS, hanbit/issuer:" in outcome.stderr
    assert "the leaf is self-signed; have an authority sign it" in outcome.stderr


@pytest.mark.parametrize("command", [["prepare"], ["serve", "issuer"]], ids=lambda each: each[0])
def test_a_key_for_nobody_is_refused_at_start(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    runner.invoke(app, ["ca", str(tmp_path), "--tenant", "hanbit"])
    files = {
        "key": str(tmp_path / "hanbit-issuer.key"),
        "chain": str(tmp_path / "hanbit-issuer.pem"),
    }
    monkeypatch.setenv("MADANG_SIGNING_KEYS", json.dumps({"nowhere/issuer": files}))
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "right")
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path / "state"))
    outcome = runner.invoke(app, command)
    assert outcome.exit_code == 1
    assert "expected is one of hanbit, saebyeol" in outcome.stderr

"""How a service listens: TLS with both files, plain HTTP on loopback alone, refused in words."""

import re
import ssl
from pathlib import Path

import pytest
import typer
import uvicorn
from typer.testing import CliRunner
from uvicorn.config import create_ssl_context

from issuer.authorization.providers import ProviderFileError
from madang.access.authorization.clients import ClientsFileError
from madang.cli.main import app
from madang.cli.refusing import refusing
from madang.cli.serve import listening_by
from madang.infra.ca_files import CaFiles
from madang.infra.settings import CommonSettings, ListeningError
from madang.infra.transaction_types import TransactionTypesError
from verifier.presentations.attestations import AttestationError

NOW = 1_800_000_000


def settings(**values: object) -> CommonSettings:
    return CommonSettings.model_validate(values)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_without_files_it_is_plain_http_on_loopback(host: str) -> None:
    assert listening_by(settings(host=host)) == {}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "id.city.example"])  # noqa: S104 - refused
def test_plain_http_leaves_no_machine(host: str) -> None:
    with pytest.raises(ListeningError, match=r"which other machines reach.*`madang ca`"):
        listening_by(settings(host=host))


def test_both_files_make_it_tls_wherever_it_listens(tmp_path: Path) -> None:
    files = CaFiles(tmp_path).server("tls", ["localhost"], now=NOW)
    found = listening_by(settings(host="192.0.2.1", tls_certificate=files.chain, tls_key=files.key))
    assert (found["ssl_certfile"], found["ssl_keyfile"]) == (files.chain, files.key)


def test_tls_1_2_has_forward_secrecy_and_authenticated_encryption_only(tmp_path: Path) -> None:
    files = CaFiles(tmp_path).server("tls", ["localhost"], now=NOW)
    found = listening_by(settings(tls_certificate=files.chain, tls_key=files.key))
    config = uvicorn.Config("none", **found)
    context = create_ssl_context(
        config.ssl_certfile,
        config.ssl_keyfile,
        None,
        config.ssl_version,
        config.ssl_cert_reqs,
        None,
        config.ssl_ciphers,
    )
    old = [each for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"]
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert old
    assert all(re.fullmatch("ECDHE-(RSA|ECDSA)-AES.*-GCM-.*", each["name"]) for each in old)


@pytest.mark.parametrize("name", ["tls_certificate", "tls_key"])
def test_half_of_them_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ListeningError, match="TLS needs both"):
        listening_by(settings(**{name: tmp_path / "a"}))


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    authority = CaFiles(tmp_path)
    one, two = (authority.server(name, ["localhost"], now=NOW) for name in ("one", "two"))
    with pytest.raises(ListeningError, match=r"one\.pem with .*two\.key is of no use for TLS"):
        listening_by(settings(tls_certificate=one.chain, tls_key=two.key))
    with pytest.raises(ListeningError, match="No such file"):
        listening_by(settings(tls_certificate=tmp_path / "absent", tls_key=one.key))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "x", "MADANG_PORT: Input should be a valid integer"),
        ("ORIGINS", "{", "MADANG_ORIGINS is not JSON"),
        ("SIGNING_KEYS", '{"a/issuer": {"key": "k"}}', "MADANG_SIGNING_KEYS, a/issuer.chain: "),
    ],
)
@pytest.mark.parametrize("command", [["serve", "issuer"], ["prepare"], ["ca", "x"]], ids=str)
def test_a_setting_that_is_wrong_is_told_by_its_name(
    command: list[str], name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MADANG_{name}", value)
    outcome = CliRunner().invoke(app, command)
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(f"refused: {told}")


@pytest.mark.parametrize(
    "error", [AttestationError, ClientsFileError, ProviderFileError, TransactionTypesError]
)
def test_a_file_that_is_not_as_it_should_be_is_told_in_a_line(
    error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit), refusing():
        raise error("clients.json: an array was expected")
    assert "clients.json: an array was expected" in capsys.readouterr().err

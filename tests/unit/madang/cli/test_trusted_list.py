"""`madang trusted-list` writes what a verifier's settings can name."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner, Result

from madang.cli.main import app
from madang.infra import ca
from madang.infra.anchors import load_anchors
from madang.infra.clock import SystemClock
from tests.unit.madang.core.trust.test_trusted_list import PID, WITHDRAWN, listed, service

LATER = "<NextUpdate><dateTime>2999-01-01T00:00:00Z</dateTime></NextUpdate>"
BEFORE = "<NextUpdate><dateTime>2020-01-01T00:00:00Z</dateTime></NextUpdate>"
OTHER = "https://other.example/tl.xml"
POINTER = (
    "<PointersToOtherTSL><OtherTSLPointer><TSLLocation>"
    f"{OTHER}</TSLLocation></OtherTSLPointer></PointersToOtherTSL>"
)


def certificate(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return ca.root(key, name, now=SystemClock().now()).der


ONE, TWO = certificate("one"), certificate("two")


def written(folder: Path, data: bytes, *options: str) -> Result:
    file = folder / "list.xml"
    file.write_bytes(data)
    return CliRunner().invoke(app, ["trusted-list", str(file), str(folder / "out"), *options])


def test_granted_certificates_are_anchors_then(tmp_path: Path) -> None:
    data = listed(service(ONE, ONE), service(TWO, status=WITHDRAWN), scheme=POINTER + LATER)
    outcome = written(tmp_path, data, "--signature-checked")
    assert outcome.exit_code == 0, outcome.output
    assert load_anchors(tmp_path / "out") == (ONE,)
    assert "valid until 2999-01-01T00:00:00+00:00" in outcome.output
    assert f"points to {OTHER}" in outcome.output


def test_what_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    data = listed(service(b"no certificate", TWO), scheme=LATER)
    outcome = written(tmp_path, data, "--signature-checked", "--service-type", PID)
    assert outcome.exit_code == 0, outcome.output
    assert load_anchors(tmp_path / "out") == (TWO,)
    assert "left out 1" in outcome.output


REFUSED = {
    "unsigned": (listed(service(ONE), scheme=LATER), (), "signature"),
    "over": (listed(service(ONE), scheme=BEFORE), ("--signature-checked",), "over"),
    "ended": (listed(service(ONE)), ("--signature-checked",), "over"),
    "no-list": (b"<a/>", ("--signature-checked",), "another document"),
    "nothing": (listed(scheme=LATER), ("--signature-checked",), "no granted"),
    "type": (
        listed(service(ONE), scheme=LATER),
        ("--signature-checked", "--service-type", "urn:x"),
        "no granted",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_lists_write_nothing(tmp_path: Path, name: str) -> None:
    data, options, told = REFUSED[name]
    outcome = written(tmp_path, data, *options)
    assert outcome.exit_code != 0
    assert told in outcome.output
    assert not (tmp_path / "out").exists()


def test_what_was_granted_before_does_not_stay(tmp_path: Path) -> None:
    data = listed(service(ONE), scheme=LATER)
    assert written(tmp_path, data, "--signature-checked").exit_code == 0
    again = written(tmp_path, data, "--signature-checked")
    assert again.exit_code != 0
    assert "not empty" in again.output
    absent = CliRunner().invoke(
        app, ["trusted-list", str(tmp_path / "x"), str(tmp_path / "y"), "--signature-checked"]
    )
    assert "cannot be read" in absent.output

"""Signatures of a key in SoftHSM beside `openssl speed`; no row where there is no SoftHSM."""

import os
import secrets
import subprocess
import tempfile
from pathlib import Path

from bench.credentials import openssl_speed
from bench.measure import Row, rates, row
from madang.infra.hsm import Token, open_token

_FOLDERS = (Path("/usr/lib/softhsm"), *Path("/usr/lib").glob("*/softhsm"))
_LABEL, _ID = "hanbit/issuer", b"\0\1"
DATA = b"x" * 1000


def hsm_rows() -> list[Row]:
    """Measure signing with the session kept open, as a service does."""
    modules = [each / "libsofthsm2.so" for each in _FOLDERS]
    module = next((each for each in modules if each.is_file()), None)
    if module is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        token = _fresh_token(module, Path(folder))
        found = rates(lambda: token.sign_p256(_LABEL, _ID, DATA))
    signing, _ = openssl_speed()
    bound = ("openssl P-256 sign", signing)
    return [row("P-256 sign in SoftHSM by PKCS#11, 1,000 bytes", found, "/s", bound, "0.25")]


def _fresh_token(module: Path, folder: Path) -> Token:
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\n", "utf-8")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    pin = secrets.token_hex(8)
    command = ["softhsm2-util", "--init-token", "--free", "--label", "bench"]
    subprocess.run([*command, "--pin", pin, "--so-pin", pin], check=True, capture_output=True)
    token = open_token(module, "bench", pin)
    token.create_p256(_LABEL, _ID)
    return token


if __name__ == "__main__":
    for each in hsm_rows():
        print(each)

"""A software token in a folder of its own, in the place of a hardware module."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

MODULES = (Path("/usr/lib/softhsm"), *Path("/usr/lib").glob("*/softhsm"))
PIN = "1234-right"


@dataclass(frozen=True)
class SoftHsm:
    """Where SoftHSM is.

    It reads its configuration once, when a process loads it: one folder a test process.
    """

    module: Path
    folder: Path

    def token(self, label: str, pin: str = PIN) -> str:
        """Make an empty token and return its label."""
        command = ["softhsm2-util", "--init-token", "--free", "--label", label]
        subprocess.run(
            [*command, "--pin", pin, "--so-pin", "87654321"],
            check=True,
            capture_output=True,
            env={**os.environ, "SOFTHSM2_CONF": str(self.configuration)},
        )
        return label

    @property
    def configuration(self) -> Path:
        return self.folder / "softhsm2.conf"


def soft_hsm(folder: Path) -> SoftHsm:
    """Return SoftHSM with its tokens in `folder`, or skip by name."""
    found = [each / "libsofthsm2.so" for each in MODULES if (each / "libsofthsm2.so").is_file()]
    if not found:
        pytest.skip("SoftHSM absent")
    hsm = SoftHsm(found[0], folder)
    (folder / "tokens").mkdir()
    hsm.configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    return hsm

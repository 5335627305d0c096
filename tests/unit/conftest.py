"""What unit tests of several folders share."""

import os

import pytest

from tests.softhsm import SoftHsm, soft_hsm


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    """Return SoftHSM for this test process, which it reads once; skips where there is none."""
    hsm = soft_hsm(tmp_path_factory.mktemp("softhsm"))
    os.environ["SOFTHSM2_CONF"] = str(hsm.configuration)
    return hsm

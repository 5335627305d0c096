"""The values of ISO/IEC 18013-5 Annex D by their names, and what follows from them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import cbor
from madang.core.formats.mdoc.agreement import SoftwareAgreement

PREFIX = "ISO_18013_5_ANNEX_D_"
Values = Mapping[str, bytes]


@pytest.fixture(scope="session")
def folder(vectors: Callable[[str], Path]) -> Path:
    return vectors("iso-mdoc")


@pytest.fixture(scope="session")
def annex_d(folder: Path) -> Values:
    read = json.loads((folder / "iso18013-5-annex-d.json").read_text("ascii"))
    return {name.removeprefix(PREFIX): bytes.fromhex(value) for name, value in read.items()}


@pytest.fixture(scope="session")
def transcript(annex_d: Values) -> bytes:
    """The SessionTranscript, without the tag 24 around it."""
    return cbor.inner(cbor.loads(annex_d["SESSION_TRANSCRIPT_BYTES"]))


def agreement(annex_d: Values, name: str) -> SoftwareAgreement:
    number = int.from_bytes(annex_d[f"{name}_D"], "big")
    return SoftwareAgreement(ec.derive_private_key(number, ec.SECP256R1()))


@pytest.fixture(scope="session")
def reader(annex_d: Values) -> SoftwareAgreement:
    """The reader's key of the session."""
    return agreement(annex_d, "EPHEMERAL_READER_KEY")


@pytest.fixture(scope="session")
def device(annex_d: Values) -> SoftwareAgreement:
    """The device's key of the session."""
    return agreement(annex_d, "EPHEMERAL_DEVICE_KEY")


@pytest.fixture(scope="session")
def holder(annex_d: Values) -> SoftwareAgreement:
    """The key to which the document is bound."""
    return agreement(annex_d, "STATIC_DEVICE_KEY")

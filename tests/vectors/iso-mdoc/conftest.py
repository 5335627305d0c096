"""The values of ISO/IEC 18013-5 Annex D by their names, and what follows from them."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import cbor
from madang.core.formats.mdoc.agreement import SoftwareAgreement

PREFIX = "ISO_18013_5_ANNEX_D_"
SPRUCE = "spruceid-definitions"
Values = Mapping[str, bytes]


class Recorded(Values):
    """Values of which each is a case that ran once a test reads it."""

    def __init__(self, values: Values, record: Callable[[str], None]) -> None:
        self._values, self._record = values, record

    def __getitem__(self, name: str) -> bytes:
        self._record(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@pytest.fixture(scope="session")
def folder(vectors: Callable[[str], Path]) -> Path:
    return vectors("iso-mdoc")


@pytest.fixture
def annex_d(folder: Path, record_case: Callable[..., None]) -> Values:
    path = folder / "iso18013-5-annex-d.json"
    read = json.loads(path.read_text("ascii"))
    values = {name.removeprefix(PREFIX): bytes.fromhex(value) for name, value in read.items()}
    return Recorded(values, lambda name: record_case(path, PREFIX + name))


@pytest.fixture
def spruce(folder: Path, record_case: Callable[..., None]) -> Values:
    """The bytes of the files, which hold hexadecimal text in spite of their names."""
    root = folder / SPRUCE
    files = (path for path in root.rglob("*") if path.is_file())
    values = {str(path.relative_to(root)): bytes.fromhex(path.read_text("ascii")) for path in files}
    return Recorded(values, lambda name: record_case(root / name))


@pytest.fixture
def transcript(annex_d: Values) -> bytes:
    """The SessionTranscript, without the tag 24 around it."""
    return cbor.loads(annex_d["SESSION_TRANSCRIPT_BYTES"]).value


def agreement(annex_d: Values, name: str) -> SoftwareAgreement:
    number = int.from_bytes(annex_d[f"{name}_D"], "big")
    return SoftwareAgreement(ec.derive_private_key(number, ec.SECP256R1()))


@pytest.fixture
def reader(annex_d: Values) -> SoftwareAgreement:
    """The reader's key of the session."""
    return agreement(annex_d, "EPHEMERAL_READER_KEY")


@pytest.fixture
def device(annex_d: Values) -> SoftwareAgreement:
    """The device's key of the session."""
    return agreement(annex_d, "EPHEMERAL_DEVICE_KEY")


@pytest.fixture
def holder(annex_d: Values) -> SoftwareAgreement:
    """The key to which the document is bound."""
    return agreement(annex_d, "STATIC_DEVICE_KEY")

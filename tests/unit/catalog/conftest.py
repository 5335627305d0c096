"""The catalogue as it is shipped, read from its folders."""

import json
from pathlib import Path
from typing import Any

import pytest

from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.catalog.parser import parse_type

CATALOG = Path(__file__).resolve().parents[3] / "catalog"


def read_type(folder: Path) -> CertificateType:
    return parse_type({file.name: file.read_bytes() for file in folder.iterdir()}, folder.name)


@pytest.fixture(scope="session")
def catalog() -> Path:
    return CATALOG


@pytest.fixture(scope="session")
def types() -> dict[TypeId, CertificateType]:
    folders = sorted(path for path in (CATALOG / "certificates").iterdir())
    return {TypeId(folder.name): read_type(folder) for folder in folders}


@pytest.fixture(scope="session")
def tenants() -> dict[str, dict[str, Any]]:
    files = sorted((CATALOG / "tenants").iterdir())
    return {file.stem: json.loads(file.read_bytes()) for file in files}

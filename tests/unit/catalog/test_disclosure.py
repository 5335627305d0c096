"""Every example becomes an SD-JWT from which each claim can be shown alone."""

from pathlib import Path
from typing import Any

import pytest

from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.catalog.metadata import encode
from madang.core.catalog.payload import build_payload
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import SALT_BYTES, issue, salts_from
from madang.core.formats.sd_jwt.model import SdJwt, parse
from madang.core.formats.sd_jwt.present import select
from madang.core.formats.sd_jwt.type_metadata import integrity, matches
from madang.core.formats.sd_jwt.verify import process
from madang.core.keys.software import generate_p256

FOLDERS = sorted(
    path.name
    for path in (Path(__file__).resolve().parents[3] / "catalog" / "certificates").iterdir()
)
CHANCE = b"".join(n.to_bytes(SALT_BYTES, "big") for n in range(1, 65))


@pytest.fixture(scope="session")
def issued(types: dict[TypeId, CertificateType]) -> dict[str, SdJwt]:
    signer = generate_p256("test")
    compact = {}
    for type_id, certificate_type in types.items():
        claims, sd_paths = build_payload(certificate_type, certificate_type.example.record)
        frame = SdFrame.of(sd_paths)
        salts = salts_from(CHANCE)
        compact[type_id] = issue(claims, frame, signer=signer, header={}, salts=salts).compact
    return {type_id: parse(text) for type_id, text in compact.items()}


def leaves(value: object, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], object]:
    """Return every scalar of a payload by its concrete path."""
    if isinstance(value, dict):
        children = [leaves(inner, (*path, key)) for key, inner in value.items()]
    elif isinstance(value, list):
        children = [leaves(inner, (*path, index)) for index, inner in enumerate(value)]
    else:
        return {path: value}
    return {place: leaf for child in children for place, leaf in child.items()}


@pytest.mark.parametrize("folder", FOLDERS)
def test_all_of_it_can_be_shown(
    folder: str, issued: dict[str, SdJwt], types: dict[TypeId, CertificateType]
) -> None:
    assert process(issued[folder]) == types[TypeId(folder)].example.payload


@pytest.mark.parametrize("folder", FOLDERS)
def test_without_a_disclosure_only_the_attestation_is_seen(
    folder: str, issued: dict[str, SdJwt]
) -> None:
    shown = process(parse(select(issued[folder], ())))
    assert {path[0] for path in leaves(shown)} == {"issuing_authority", "attested_by"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_value_can_be_shown_alone(folder: str, issued: dict[str, SdJwt]) -> None:
    full: dict[str, Any] = process(issued[folder])
    open_paths = {("issuing_authority",), ("attested_by",)}
    for path, value in leaves(full).items():
        shown = leaves(process(parse(select(issued[folder], [path]))))
        assert shown.pop(path) == value
        assert set(shown) <= open_paths


@pytest.mark.parametrize("folder", FOLDERS)
def test_metadata_can_be_held_to_its_hash(
    folder: str, types: dict[TypeId, CertificateType]
) -> None:
    document = encode(types[TypeId(folder)], "https://id.hanbit.example/hanbit/issuer/vct/x/1")
    assert matches(document, integrity(document))
    assert not matches(document + b" ", integrity(document))

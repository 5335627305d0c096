"""The JSON and JWT examples of draft-ietf-oauth-status-list; CBOR and CWT come with CWT support."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from madang.core.status.token_status_list import StatusList, parse_token

EXCLUDED = {
    "referenced_token_cwt.hex": "CWT",
    "referenced_token_cwt_diag.txt": "CWT",
    "status_list_cwt.hex": "CWT",
    "status_list_cwt_diag.txt": "CWT",
    "status_list_encoding1_long_cbor.hex": "CBOR",
    "status_list_encoding2_cbor.txt": "CBOR",
    "status_list_encoding2_cbor_diag.txt": "CBOR",
    "status_list_encoding2_long_cbor.hex": "CBOR",
    "status_list_encoding4_cbor.hex": "CBOR",
    "status_list_encoding8_cbor.hex": "CBOR",
    "status_list_encoding_cbor.txt": "CBOR",
    "status_list_encoding_cbor_diag.txt": "CBOR",
    "status_list_jwt.txt": "the readable form of status_list_jwt_raw.txt",
}
SHORT = {
    # Section 4.2 of the draft spells these out.
    "status_list_encoding_json.json": [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1],
    "status_list_encoding2_json.json": [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3],
}
# Appendix "Test vectors": statuses at these indexes, all others 0.
_AT = (0, 1993, 25460, 159495, 495669, 554353, 645645, 723232, 854545, 934534, 1000345)
_AT_OF_FOUR = (
    *(0, 1993, 35460, 459495, 595669, 754353, 845645, 923232, 924445, 934534, 1004534),
    *(1000345, 1030203, 1030204, 1030205),
)
LONG = {
    "status_list_encoding1_long_json.json": dict.fromkeys(_AT, 1),
    "status_list_encoding2_long_json.json": dict(
        zip(_AT, (1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 3), strict=True)
    ),
    "status_list_encoding4_json.json": dict(zip(_AT_OF_FOUR, range(1, 16), strict=True)),
}


@pytest.fixture
def folder(vectors: Callable[[str], Path]) -> Path:
    return vectors("token-status-list")


def test_no_example_is_left_out(folder: Path) -> None:
    run = {*SHORT, *LONG, "status_list_encoding8_json.json", "status_list_jwt_raw.txt", "README.md"}
    assert {path.name for path in folder.iterdir()} == run | EXCLUDED.keys()


def decoded(path: Path) -> StatusList:
    return StatusList.decode(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("name", SHORT)
def test_short_lists(folder: Path, name: str, record_case: Callable[..., None]) -> None:
    record_case(folder / name)
    statuses = decoded(folder / name)
    assert [statuses.get(index) for index in range(len(SHORT[name]))] == SHORT[name]


@pytest.mark.parametrize("name", LONG)
def test_long_lists(folder: Path, name: str, record_case: Callable[..., None]) -> None:
    record_case(folder / name)
    statuses = decoded(folder / name)
    found = {index: statuses.get(index) for index in range(len(statuses)) if statuses.get(index)}
    assert found == LONG[name]


def test_eight_bits(folder: Path, record_case: Callable[..., None]) -> None:
    example = folder / "status_list_encoding8_json.json"
    record_case(example)
    statuses = decoded(example)
    found = [statuses.get(index) for index in range(len(statuses)) if statuses.get(index)]
    assert sorted(found) == list(range(1, 256))


def test_the_example_token_holds_the_first_list(
    folder: Path, record_case: Callable[..., None]
) -> None:
    example = folder / "status_list_jwt_raw.txt"
    record_case(example)
    raw = re.sub(r"\s", "", example.read_text("ascii"))
    parsed = parse_token(raw)
    assert parsed.header["typ"] == "statuslist+jwt"
    statuses = StatusList.decode(json.loads(parsed.payload)["status_list"])
    wanted = SHORT["status_list_encoding_json.json"]
    assert [statuses.get(index) for index in range(16)] == wanted

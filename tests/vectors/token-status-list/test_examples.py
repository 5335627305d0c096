"""Every example of draft-ietf-oauth-status-list: JSON, CBOR, JWT and CWT."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from madang.core.encoding import cbor
from madang.core.envelope import cwt
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for
from madang.core.status import token_cwt, token_jwt
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import PackedList, StatusList, cwt_reference

CASES = 20
URI, LAST = "https://example.com/statuslists/1", 2_291_720_170
# The example key of the draft's own tools.
KEY = PublicKey.from_jwk(
    {
        "kty": "EC",
        "crv": "P-256",
        "x": "I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo",
        "y": "6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M",
    }
)
# Section 4.1 of the draft spells these out.
ONE_BIT = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
TWO_BITS = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
SHORT = {
    "status_list_encoding_json.json": ONE_BIT,
    "status_list_encoding2_json.json": TWO_BITS,
    "status_list_encoding_cbor.txt": ONE_BIT,
    "status_list_encoding2_cbor.txt": TWO_BITS,
}
# Appendix "Test vectors": statuses at these indexes, all others 0.
_AT = (0, 1993, 25460, 159495, 495669, 554353, 645645, 723232, 854545, 934534, 1000345)
_AT_OF_FOUR = (
    *(0, 1993, 35460, 459495, 595669, 754353, 845645, 923232, 924445, 934534, 1004534),
    *(1000345, 1030203, 1030204, 1030205),
)
_LONG = {
    "status_list_encoding1_long": dict.fromkeys(_AT, 1),
    "status_list_encoding2_long": dict(zip(_AT, (1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 3), strict=True)),
    "status_list_encoding4": dict(zip(_AT_OF_FOUR, range(1, 16), strict=True)),
}
LONG = {
    f"{name}_{form}": values for name, values in _LONG.items() for form in ("json.json", "cbor.hex")
}
EIGHT = ("status_list_encoding8_json.json", "status_list_encoding8_cbor.hex")
# The same bytes in another notation, line by line with comments.
NOTATIONS = {
    "status_list_encoding_cbor_diag.txt": "status_list_encoding_cbor.txt",
    "status_list_encoding2_cbor_diag.txt": "status_list_encoding2_cbor.txt",
    "status_list_cwt_diag.txt": "status_list_cwt.hex",
    "referenced_token_cwt_diag.txt": "referenced_token_cwt.hex",
}
TOKENS = {
    *("status_list_jwt.txt", "status_list_jwt_raw.txt"),
    *("status_list_cwt.hex", "referenced_token_cwt.hex"),
}


@pytest.fixture
def example(
    vectors: Callable[[str], Path], record_case: Callable[..., None]
) -> Callable[[str], Path]:
    """Return what gives an example's file and records that it was run."""

    def found(name: str) -> Path:
        path = vectors("token-status-list") / name
        record_case(path)
        return path

    return found


def test_no_example_is_left_out(vectors: Callable[[str], Path]) -> None:
    folder = vectors("token-status-list")
    run = {*SHORT, *LONG, *EIGHT, *NOTATIONS, *TOKENS}
    assert {path.name for path in folder.iterdir()} == {*run, "README.md"}
    assert len(run) == CASES


def octets(path: Path) -> bytes:
    """Return the bytes of a file: hexadecimal, behind `encoded:` or before comments."""
    text = path.read_text("utf-8").rpartition("encoded:")[2]
    return bytes.fromhex("".join(line.partition("#")[0] for line in text.splitlines()))


def decoded(path: Path) -> StatusList:
    if path.suffix == ".json":
        return PackedList.from_json(json.loads(path.read_text("utf-8"))).unpack()
    return PackedList.from_cbor(cbor.loads(octets(path))).unpack()


@pytest.mark.parametrize("name", SHORT)
def test_short_lists(example: Callable[[str], Path], name: str) -> None:
    statuses = decoded(example(name))
    assert [statuses.get(index) for index in range(len(statuses))] == SHORT[name]


@pytest.mark.parametrize("name", LONG)
def test_long_lists(example: Callable[[str], Path], name: str) -> None:
    statuses = decoded(example(name))
    found = {index: statuses.get(index) for index in range(len(statuses)) if statuses.get(index)}
    assert found == LONG[name]


def test_eight_bits(example: Callable[[str], Path]) -> None:
    lists = [decoded(example(name)) for name in EIGHT]
    assert lists[0].values == lists[1].values
    found = [value for value in lists[0].values if value]
    assert sorted(found) == list(range(1, 256))


@pytest.mark.parametrize("name", [*SHORT, *LONG, *EIGHT])
def test_what_is_written_here_says_the_same(example: Callable[[str], Path], name: str) -> None:
    statuses = decoded(example(name))
    again = statuses.pack().unpack()
    assert (again.bits, again.values) == (statuses.bits, statuses.values)


@pytest.mark.parametrize("name", NOTATIONS)
def test_the_commented_notations(example: Callable[[str], Path], name: str) -> None:
    assert octets(example(name)) == octets(example(NOTATIONS[name]))


def relied_upon(token: StatusListToken) -> None:
    assert (token.uri, token.issued_at, token.expires_at, token.ttl) == (
        URI,
        1_686_920_170,
        LAST,
        43_200,
    )
    statuses = token.packed.unpack()
    assert [statuses.get(index) for index in range(16)] == ONE_BIT


def test_the_jwt(example: Callable[[str], Path]) -> None:
    raw = re.sub(r"\s", "", example("status_list_jwt_raw.txt").read_text("ascii"))
    parsed = token_jwt.parse(raw)
    relied_upon(token_jwt.verify(parsed, uri=URI, checker=checker_for(KEY), now=LAST - 1))


def test_the_jwt_in_words(example: Callable[[str], Path]) -> None:
    """It leaves out the `iss` that the raw token still has."""
    header, _, payload = example("status_list_jwt.txt").read_text("utf-8").partition("\n.\n")
    raw = re.sub(r"\s", "", example("status_list_jwt_raw.txt").read_text("ascii"))
    parsed = token_jwt.parse(raw)
    assert parsed.header == json.loads(header)
    assert json.loads(parsed.payload) == json.loads(payload) | {"iss": "https://example.com"}


def test_the_cwt(example: Callable[[str], Path]) -> None:
    parsed = token_cwt.parse(octets(example("status_list_cwt.hex")))
    relied_upon(token_cwt.verify(parsed, uri=URI, checker=checker_for(KEY), now=LAST - 1))


def test_the_referenced_token(example: Callable[[str], Path]) -> None:
    parsed = cwt.parse(octets(example("referenced_token_cwt.hex")))
    assert cwt.verify(parsed, checker_for(KEY))
    assert cwt_reference(parsed.claims) == (URI, 0)

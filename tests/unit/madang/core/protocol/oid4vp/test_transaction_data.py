import contextlib
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.transaction_data import HASHES, encode, parse, parse_all

TRANSFER = {"amount": "480000", "payee": "landlord"}


def encoded(value: object) -> str:
    return base64url.encode(json.dumps(value).encode())


def test_what_is_written_reads_back() -> None:
    text = encode("transfer", ["id"], TRANSFER, hash_algorithms=["sha-384"])
    found = parse(text)
    assert (found.type, found.credential_ids) == ("transfer", ("id",))
    assert found.hash_algorithms == ("sha-384",)
    assert found.members["payee"] == "landlord"
    assert found.encoded == text


def test_the_hash_is_over_the_string_and_not_over_what_it_holds() -> None:
    text = encode("transfer", ["id"], TRANSFER)
    over_string = hashlib.sha256(text.encode("ascii")).digest()
    over_bytes = hashlib.sha256(base64url.decode(text)).digest()
    assert parse(text).digest() == base64url.encode(over_string)
    assert parse(text).digest() != base64url.encode(over_bytes)


@pytest.mark.parametrize(("name", "size"), [(n, int(n[-3:]) // 8) for n in sorted(HASHES)])
def test_every_known_hash_is_the_one_of_its_name(name: str, size: int) -> None:
    digest = base64url.decode(parse(encode("t", ["id"], {})).digest(name))
    assert len(digest) == size


def test_the_first_hash_that_is_known_is_used_and_sha_256_where_none_is_named() -> None:
    assert parse(encode("t", ["id"], {})).usable_hash == "sha-256"
    some = encode("t", ["id"], {}, hash_algorithms=["md5", "sha-512", "sha-256"])
    assert parse(some).usable_hash == "sha-512"
    assert parse(encode("t", ["id"], {}, hash_algorithms=["md5"])).usable_hash is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "e30",
        "e30=",
        "=",
        "ü",
        encoded([]),
        encoded({"type": "t"}),
        encoded({"credential_ids": ["id"]}),
        encoded({"type": "", "credential_ids": ["id"]}),
        encoded({"type": "t", "credential_ids": []}),
        encoded({"type": "t", "credential_ids": "id"}),
        encoded({"type": "t", "credential_ids": ["id"], "transaction_data_hashes_alg": []}),
        encoded({"type": "t", "credential_ids": ["id"], "transaction_data_hashes_alg": "sha-256"}),
        base64url.encode(b'{"type":"t","type":"u","credential_ids":["id"]}'),
    ],
)
def test_another_form_is_refused_with_the_code_of_the_protocol(text: str) -> None:
    with pytest.raises(VpError) as refusal:
        parse(text)
    assert (refusal.value.code, refusal.value.reason) == (
        "invalid_transaction_data",
        "transaction_data",
    )


def test_number_and_size_are_bounded() -> None:
    text = encode("t", ["id"], {})
    assert len(parse_all([text] * 2, limits=Limits(transaction_data=2))) == 2
    with pytest.raises(VpError, match="at most 1"):
        parse_all([text] * 2, limits=Limits(transaction_data=1))
    with pytest.raises(VpError):
        parse(text, limits=Limits(jwt_bytes=10))


@given(st.text(max_size=40) | st.binary(max_size=60).map(base64url.encode))
def test_any_text_is_read_or_refused_by_the_family(text: str) -> None:
    with contextlib.suppress(VpError):
        assert parse(text).encoded == text

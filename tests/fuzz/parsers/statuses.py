"""Status lists of both specifications, their tokens, and what refers to them."""

from madang.core.encoding import cbor, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import cose, jws
from madang.core.keys.signing import checker_for
from madang.core.protocol.oid4vp.status_check import VerifiedList, read_status_list
from madang.core.protocol.oid4vp.verdict import StatusSource
from madang.core.status import aggregation, bitstring, identifier_list, token_cwt, token_jwt
from madang.core.status.bitstring_credential import (
    TYPE,
    parse_credential,
    parse_signed,
    status_of,
    verify_signed,
)
from madang.core.status.bitstring_entry import BitstringEntry, parse_entries
from madang.core.status.errors import BitstringError, StatusError
from madang.core.status.token_status_list import PackedList, cwt_reference, reference
from tests.fuzz.harness import harness, require, text
from tests.fuzz.world import ISSUER, LIST, NOW, SIGNER, TRUST, VCT

MAX_UNPACKED = 100_000
CHECKER = checker_for(SIGNER.public_key)
CWT_HEADER = {cose.TYP: token_cwt.MEDIA_TYPE, cose.KID: b"1"}
ENTRY = BitstringEntry("revocation", 3, LIST)


def unpacked(packed: PackedList) -> None:
    statuses = packed.unpack(max_bytes=MAX_UNPACKED)
    again = statuses.pack().unpack()
    assert (again.bits, again.values) == (statuses.bits, statuses.values)
    if len(statuses):
        assert 0 <= statuses.get(len(statuses) - 1) < 1 << statuses.bits


@harness(EncodingError, StatusError)
def status_list(data: bytes) -> None:
    packed = PackedList.from_json(strict_json.loads(data))
    assert PackedList.from_json(packed.to_json()).lst == packed.lst
    unpacked(packed)


@harness(EncodingError, StatusError)
def status_list_cbor(data: bytes) -> None:
    packed = PackedList.from_cbor(cbor.loads(data))
    assert PackedList.from_cbor(packed.to_cbor()).lst == packed.lst
    unpacked(packed)


@harness(StatusError)
def status_token(data: bytes) -> None:
    parsed = token_jwt.parse(text(data))
    token_jwt.verify(parsed, uri=LIST, checker=CHECKER, now=NOW, max_bytes=MAX_UNPACKED)


@harness(StatusError)
def status_token_signed(data: bytes) -> None:
    parsed = token_jwt.parse(jws.sign(data, {"typ": token_jwt.TYPE}, SIGNER))
    token = token_jwt.verify(parsed, uri=LIST, checker=CHECKER, now=NOW, max_bytes=MAX_UNPACKED)
    assert token_jwt.read(token_jwt.parse(token_jwt.encode(token, SIGNER))).packed == token.packed


@harness(StatusError)
def status_token_cwt(data: bytes) -> None:
    token_cwt.verify(token_cwt.parse(data), uri=LIST, checker=CHECKER, now=NOW)


@harness(StatusError)
def status_token_cwt_signed(data: bytes) -> None:
    signed = cose.encode(cose.sign1(data, CWT_HEADER, SIGNER))
    token_cwt.verify(token_cwt.parse(signed), uri=LIST, checker=CHECKER, now=NOW)


@harness(StatusError)
def identifier_list_signed(data: bytes) -> None:
    header = {**CWT_HEADER, cose.TYP: identifier_list.MEDIA_TYPE}
    parsed = token_cwt.parse(cose.encode(cose.sign1(data, header, SIGNER)))
    token = identifier_list.verify(parsed, uri=LIST, checker=CHECKER, now=NOW)
    again = identifier_list.read(token_cwt.parse(identifier_list.encode(token, SIGNER)))
    assert again.listed == token.listed


@harness()
def status_token_of_issuer(data: bytes) -> None:
    """The first byte chooses the form."""
    forms = {b"\x01": token_cwt.MEDIA_TYPE, b"\x02": identifier_list.MEDIA_TYPE}
    form = forms.get(data[:1], token_jwt.MEDIA_TYPE)
    source = StatusSource(LIST, VCT, ISSUER)
    found = read_status_list(
        data[1:], source, media_type=form, trust=TRUST, now=NOW, max_bytes=MAX_UNPACKED
    )
    require(isinstance(found, VerifiedList))


@harness(EncodingError, StatusError)
def status_reference(data: bytes) -> None:
    value = strict_json.loads(data)
    if isinstance(value, dict):
        reference(value)


@harness(EncodingError, StatusError)
def status_reference_cwt(data: bytes) -> None:
    value = cbor.loads(data)
    if isinstance(value, dict):
        cwt_reference(value)
        reference(value)


@harness(StatusError)
def status_aggregation(data: bytes) -> None:
    uris = aggregation.parse(data)
    assert aggregation.parse(aggregation.encode(uris)) == uris


@harness(BitstringError)
def bitstring_list(data: bytes) -> None:
    bits = bitstring.decode(text(data), 3, max_bytes=MAX_UNPACKED)
    assert bitstring.decode(bits.encode(), 3).values == bits.values
    if len(bits):
        assert 0 <= bits.get(len(bits) - 1) < 1 << 3


@harness(EncodingError, BitstringError)
def bitstring_entries(data: bytes) -> None:
    for entry in parse_entries(strict_json.loads(data)):
        assert entry.index >= 0


@harness(EncodingError, BitstringError)
def bitstring_credential(data: bytes) -> None:
    listed = parse_credential(strict_json.loads(data))
    assert parse_credential(listed.to_json()) == listed
    status_of(ENTRY, listed, now=NOW, min_entries=8, max_bytes=MAX_UNPACKED)


@harness(BitstringError)
def bitstring_credential_signed(data: bytes) -> None:
    parsed = parse_signed(jws.sign(data, {"typ": TYPE}, SIGNER))
    verify_signed(parsed, CHECKER)


@harness(BitstringError)
def bitstring_credential_text(data: bytes) -> None:
    verify_signed(parse_signed(text(data)), CHECKER)

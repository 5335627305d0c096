"""Altered certificates raise the one error, and a remembered chain is still held against time."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from madang.core.trust import x509 as chains
from madang.core.trust.x509 import (
    CHAINS_KEPT,
    ChainError,
    authority_key_id,
    san_dns,
    san_uris,
    validate_chain,
)
from tests.unit.madang.core.trust.test_x509 import CA, DAY, KEYS, LEAF, NOW, ROOT, certificate

# Encodings that older certificates have are told by a warning; here they are read or refused.
pytestmark = pytest.mark.filterwarnings("ignore")


def altered(der: bytes) -> list[bytes]:
    """Return the certificate with each byte changed in three ways."""
    return [
        der[:at] + bytes([der[at] ^ flip]) + der[at + 1 :]
        for at in range(len(der))
        for flip in (0x01, 0x20, 0xFF)
    ]


def signed_part(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).tbs_certificate_bytes


@pytest.mark.parametrize("place", [0, 1])
def test_a_chain_with_an_altered_byte_is_refused_by_the_own_error(place: int) -> None:
    original, codes = (LEAF, CA)[place], set()
    for der in altered(original):
        chain = [LEAF, CA]
        chain[place] = der
        try:
            validate_chain(chain, [ROOT], now=NOW)
        except ChainError as error:
            codes.add(error.code)
        else:  # how a signature is wrapped is not signed
            assert signed_part(der) == signed_part(original)
    assert "chain_malformed" in codes


@pytest.mark.parametrize("read", [san_uris, san_dns, authority_key_id])
def test_what_is_read_of_an_altered_leaf_raises_only_the_own_error(read: object) -> None:
    assert callable(read)
    for der in altered(LEAF):
        with suppress(ChainError):
            read(der)


def test_a_critical_extension_that_is_not_known_is_refused() -> None:
    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])

    only_elsewhere = x509.NameConstraints([x509.DNSName("elsewhere.example")], None)
    original = x509.load_der_x509_certificate(CA)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named("ca"))
        .issuer_name(named("root"))
        .public_key(KEYS["ca"].public_key())
        .serial_number(2)
        .not_valid_before(datetime.fromtimestamp(NOW - DAY, UTC))
        .not_valid_after(datetime.fromtimestamp(NOW + DAY, UTC))
        .add_extension(only_elsewhere, critical=True)
    )
    for extension in original.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    restricted = builder.sign(KEYS["root"], hashes.SHA256()).public_bytes(Encoding.DER)
    with pytest.raises(ChainError) as refused:
        validate_chain([LEAF, restricted], [ROOT], now=NOW)
    assert refused.value.code == "critical_extension"


def test_a_good_chain_is_checked_once_and_its_time_on_every_call() -> None:
    chains._validated.cache_clear()
    for _ in range(3):
        assert validate_chain([LEAF, CA], [ROOT], now=NOW)
    assert (chains._validated.cache_info().misses, chains._validated.cache_info().hits) == (1, 2)
    for now, code in ((NOW + 2 * DAY, "certificate_expired"), (0, "certificate_not_yet_valid")):
        with pytest.raises(ChainError) as refused:
            validate_chain([LEAF, CA], [ROOT], now=now)
        assert refused.value.code == code


def test_a_remembered_chain_counts_for_its_anchors_alone() -> None:
    assert validate_chain([LEAF, CA], [ROOT], now=NOW)
    with pytest.raises(ChainError) as refused:
        validate_chain([LEAF, CA], [certificate("other", "other", ca=True)], now=NOW)
    assert refused.value.code == "unknown_anchor"


def test_refused_chains_are_not_remembered_and_good_ones_are_bounded() -> None:
    chains._validated.cache_clear()
    for _ in range(2):
        with pytest.raises(ChainError):
            validate_chain([LEAF], [ROOT], now=NOW)
    assert chains._validated.cache_info().currsize == 0
    assert chains._validated.cache_info().maxsize == CHAINS_KEPT

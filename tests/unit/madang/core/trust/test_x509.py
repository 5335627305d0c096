"""Chains made for one defect each."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.jwk import PublicKey
from madang.core.trust.model import Attester
from madang.core.trust.registry import TrustError
from madang.core.trust.x509 import ChainError, leaf_hash, san_dns, san_uris, validate_chain
from tests.accreditations import trust_of

NOW = 1_800_000_000
DAY = 86_400
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "ca", "leaf", "other")}
ISSUER = "https://id.hanbit.example/hanbit/issuer"


def certificate(  # noqa: PLR0913 - each defect is one argument
    subject: str,
    issuer: str,
    *,
    ca: bool,
    path_length: int | None = None,
    key: Any = None,
    signed_by: str | None = None,
    usage: bool = True,
    signs: bool = True,
    start: int = NOW - DAY,
    end: int = NOW + DAY,
) -> bytes:
    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key((key or KEYS[subject]).public_key())
        .serial_number(1)
        .not_valid_before(datetime.fromtimestamp(start, UTC))
        .not_valid_after(datetime.fromtimestamp(end, UTC))
        .add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.UniformResourceIdentifier(ISSUER), x509.DNSName("id.hanbit.example")]
            ),
            critical=False,
        )
    )
    if usage:
        flags = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        key_usage = x509.KeyUsage(
            digital_signature=signs and not ca, key_cert_sign=signs and ca, crl_sign=True, **flags
        )
        builder = builder.add_extension(key_usage, critical=True)
    signer = KEYS[signed_by or issuer]
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER)


ROOT = certificate("root", "root", ca=True, path_length=1)
CA = certificate("ca", "root", ca=True, path_length=0)
LEAF = certificate("leaf", "ca", ca=False)


def test_a_chain_to_an_anchor_gives_the_leafs_key() -> None:
    other = certificate("other", "other", ca=True)
    key = validate_chain([LEAF, CA], [other, ROOT], now=NOW)
    assert key == PublicKey.from_native(KEYS["leaf"].public_key())


def test_a_leaf_straight_below_the_root_is_enough() -> None:
    assert validate_chain([certificate("leaf", "root", ca=False)], [ROOT], now=NOW)


DEFECTS = {
    "chain_empty": ([], [ROOT]),
    "chain_too_long": ([LEAF, CA, CA, CA, CA, CA], [ROOT]),
    "chain_malformed": ([LEAF, b"x"], [ROOT]),
    "leaf_self_signed": ([certificate("leaf", "leaf", ca=False)], [ROOT]),
    "anchor_in_chain": ([LEAF, CA, ROOT], [ROOT]),
    "unknown_anchor": ([LEAF, CA], [certificate("other", "other", ca=True)]),
    "chain_signature": ([certificate("leaf", "ca", ca=False, signed_by="other"), CA], [ROOT]),
    "certificate_expired": ([certificate("leaf", "ca", ca=False, end=NOW - 1), CA], [ROOT]),
    "certificate_not_yet_valid": (
        [LEAF, certificate("ca", "root", ca=True, start=NOW + 1)],
        [ROOT],
    ),
    "not_a_ca": ([LEAF, certificate("ca", "root", ca=False)], [ROOT]),
    "path_too_long": (
        [LEAF, CA],
        [certificate("root", "root", ca=True, path_length=0)],
    ),
    "leaf_is_ca": ([certificate("leaf", "ca", ca=True), CA], [ROOT]),
    "leaf_key_usage": ([certificate("leaf", "ca", ca=False, usage=False), CA], [ROOT]),
    "leaf_key": (
        [certificate("leaf", "ca", ca=False, key=rsa.generate_private_key(65537, 2048)), CA],
        [ROOT],
    ),
}


@pytest.mark.parametrize("code", DEFECTS)
def test_each_defect_has_its_code(code: str) -> None:
    chain, anchors = DEFECTS[code]
    with pytest.raises(ChainError) as refused:
        validate_chain(chain, anchors, now=NOW)
    assert refused.value.code == code


def test_no_anchor_trusts_nothing() -> None:
    with pytest.raises(ChainError):
        validate_chain([LEAF, CA], [], now=NOW)


def test_an_anchor_of_the_same_name_with_another_key_is_none() -> None:
    impostor = certificate("root", "root", ca=True, key=KEYS["other"], signed_by="other")
    with pytest.raises(ChainError) as refused:
        validate_chain([LEAF, CA], [impostor], now=NOW)
    assert refused.value.code == "unknown_anchor"


def test_a_renewed_root_is_a_root_and_is_not_sent_inside_the_chain() -> None:
    anchor = certificate("root", "root", ca=True)
    renewed = certificate("root", "root", ca=True, end=NOW + 2 * DAY)
    assert validate_chain([LEAF, CA], [anchor], now=NOW)
    with pytest.raises(ChainError) as refused:
        validate_chain([LEAF, CA, renewed], [anchor], now=NOW)
    assert refused.value.code == "anchor_in_chain"


def test_a_root_and_its_renewals_are_anchors_beside_one_another() -> None:
    """Which of them is valid at the time is the one that counts, in whatever order they stand."""
    past = certificate("root", "root", ca=True, end=NOW - 1)
    anchor = certificate("root", "root", ca=True)
    ahead = certificate("root", "root", ca=True, start=NOW + 1, end=NOW + 2 * DAY)
    for anchors in ([past, anchor, ahead], [ahead, anchor, past]):
        assert validate_chain([LEAF, CA], anchors, now=NOW)
    for anchors, code in (
        ([past], "certificate_expired"),
        ([ahead], "certificate_not_yet_valid"),
        ([past, ahead], "certificate_expired"),
    ):
        with pytest.raises(ChainError) as refused:
            validate_chain([LEAF, CA], anchors, now=NOW)
        assert refused.value.code == code


def test_a_key_whose_usage_leaves_the_purpose_out_is_not_for_it() -> None:
    cases = {
        "leaf_key_usage": [certificate("leaf", "ca", ca=False, signs=False), CA],
        "not_a_ca": [LEAF, certificate("ca", "root", ca=True, signs=False)],
    }
    for code, chain in cases.items():
        with pytest.raises(ChainError) as refused:
            validate_chain(chain, [ROOT], now=NOW)
        assert refused.value.code == code


def test_an_authority_without_key_usage_is_none() -> None:
    with pytest.raises(ChainError) as refused:
        validate_chain([LEAF, certificate("ca", "root", ca=True, usage=False)], [ROOT], now=NOW)
    assert refused.value.code == "not_a_ca"


def test_the_end_of_validity_is_inclusive() -> None:
    assert validate_chain([LEAF, CA], [ROOT], now=NOW + DAY)
    with pytest.raises(ChainError):
        validate_chain([LEAF, CA], [ROOT], now=NOW + DAY + 1)


@given(st.lists(st.binary(max_size=40), max_size=3))
def test_arbitrary_bytes_raise_only_the_own_error(chain: list[bytes]) -> None:
    with suppress(ChainError):
        validate_chain(chain, [ROOT], now=NOW)
    for der in chain:
        with suppress(ChainError):
            san_uris(der)


def test_names_and_hash_of_a_leaf() -> None:
    assert san_uris(LEAF) == (ISSUER,)
    assert san_dns(LEAF) == ("id.hanbit.example",)
    assert len(leaf_hash(LEAF)) == 43


TRUST = trust_of(
    {"https://t/lease/1": (Attester(ISSUER, "hanbit", (ROOT,)),)}, {"https://t/lease/1": "lease"}
)


def test_an_attester_is_trusted_for_its_types_alone() -> None:
    assert TRUST.issuer_key("https://t/lease/1", ISSUER, [LEAF, CA], at=NOW, now=NOW)
    assert TRUST.type_id("https://t/lease/1") == "lease"
    assert TRUST.type_id("https://t/other/1") is None


@pytest.mark.parametrize(
    ("vct", "issuer", "chain", "code"),
    [
        ("https://t/income/1", ISSUER, [LEAF, CA], "issuer_not_accredited"),
        ("https://t/lease/1", "https://x/issuer", [LEAF, CA], "issuer_not_accredited"),
        ("https://t/lease/1", ISSUER, [], "chain_empty"),
        ("https://t/lease/1", ISSUER, [LEAF], "unknown_anchor"),
    ],
)
def test_others_are_not_trusted(vct: str, issuer: str, chain: list[bytes], code: str) -> None:
    with pytest.raises(TrustError) as refused:
        TRUST.issuer_key(vct, issuer, chain, at=NOW, now=NOW)
    assert refused.value.code == code


def test_a_certificate_of_another_service_is_not_the_issuers() -> None:
    issuer = "https://id.hanbit.example/hanbit/verifier"
    trust = trust_of({"v": (Attester(issuer, "hanbit", (ROOT,)),)}, {"v": "lease"})
    with pytest.raises(TrustError) as refused:
        trust.issuer_key("v", issuer, [LEAF, CA], at=NOW, now=NOW)
    assert refused.value.code == "issuer_name"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (mldsa.MLDSA44PrivateKey.generate(), "ML-DSA-44"),
        (mldsa.MLDSA65PrivateKey.generate(), "ML-DSA-65"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_leaf_of_each_kind_is_accepted(key: Any, algorithm: str) -> None:
    leaf = certificate("leaf", "ca", ca=False, key=key)
    found = validate_chain([leaf, CA], [ROOT], now=NOW)
    assert (found, found.algorithm) == (PublicKey.from_native(key.public_key()), algorithm)

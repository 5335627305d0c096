import pytest

from madang.core.trust import x509
from madang.core.trust.foreign import NO_ANCHORS, ForeignAnchors
from madang.core.trust.registry import TrustError
from tests.unit.madang.core.protocol.oid4vp.city import ISSUER, NOW, City, found_city

CITY: City = found_city()
CHAIN = CITY.stranger.certificate_chain
ANCHORS = ForeignAnchors((CITY.foreign_root,))


@pytest.mark.parametrize(
    ("claimed", "proved"),
    [
        (ISSUER, ISSUER),
        ("https://mapo.example", "https://mapo.example"),
        ("https://mapo.example/any/path", "https://mapo.example/any/path"),
        ("https://mapo.example.evil.example", "CN=leaf"),
        ("http://mapo.example", "CN=leaf"),
        ("https://mapo", "CN=leaf"),
        ("did:web:mapo.example", "CN=leaf"),
        ("", "CN=leaf"),
        (None, "CN=leaf"),
    ],
)
def test_an_issuer_is_called_by_what_its_certificate_proves(
    claimed: str | None, proved: str
) -> None:
    found = ANCHORS.signer(claimed, CHAIN, now=NOW)
    assert found.issuer == proved
    assert found.key == CITY.stranger.public_key


@pytest.mark.parametrize(
    ("anchors", "chain", "code"),
    [
        (NO_ANCHORS, CHAIN, "unknown_anchor"),
        (ForeignAnchors((CITY.root,)), CHAIN, "unknown_anchor"),
        (ANCHORS, (), "chain_empty"),
        (ANCHORS, (*CHAIN, CITY.foreign_root), "anchor_in_chain"),
        (ANCHORS, (b"x",), "chain_malformed"),
    ],
    ids=["none", "another", "empty", "root-inside", "malformed"],
)
def test_a_chain_that_leads_nowhere_is_refused_by_its_code(
    anchors: ForeignAnchors, chain: tuple[bytes, ...], code: str
) -> None:
    with pytest.raises(TrustError) as refusal:
        anchors.signer(ISSUER, chain, now=NOW)
    assert refusal.value.code == code


def test_an_expired_chain_counts_no_more() -> None:
    with pytest.raises(TrustError) as refusal:
        ANCHORS.signer(ISSUER, CHAIN, now=NOW + 10**9)
    assert refusal.value.code == "certificate_expired"


def test_what_is_no_certificate_names_nobody() -> None:
    for read in (x509.subject_name, lambda der: x509.names_issuer(der, ISSUER)):
        with pytest.raises(x509.ChainError, match="cannot be read"):
            read(b"x")

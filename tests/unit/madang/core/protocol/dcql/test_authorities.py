"""Which authorities an issuer matches, and what our own queries may ask."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.protocol.dcql.authorities import (
    FORMATS,
    Authorities,
    authority_types,
    refuse_unanswerable,
)
from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.model import DcqlQuery, parse_query
from madang.core.protocol.oid4vp.request import VP_FORMATS
from madang.core.protocol.oid4vp.wallet_metadata import wallet_metadata
from madang.core.protocol.openid.federation import Federation
from madang.infra import ca
from tests.unit.madang.core.protocol.openid.realm import ANCHOR, ISSUER, NOW, realm_of

LIST = "https://list.example/tl.xml"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


ROOT = ca.root(new_key(), "root", now=NOW)
BELOW = ca.intermediate(ROOT, new_key(), "below", now=NOW)
LEAF = ca.leaf(BELOW, new_key().public_key(), "leaf", uri=ISSUER, dns="a.example", now=NOW)
CHAIN = (LEAF, BELOW.der)
OTHER = ca.root(new_key(), "other", now=NOW)


def matched(
    *types: str, listed: tuple[bytes, ...] = (), chain: tuple[bytes, ...] = CHAIN, now: int = NOW
) -> Any:
    known = Authorities(Federation(realm_of().anchors(), {ISSUER: frozenset({ANCHOR})}))
    known = Authorities(known.federation, {LIST: listed, "https://x.example": (OTHER.der,)})
    return known.of(types, ISSUER, chain, None, now=now)


@pytest.mark.parametrize("listed", [ROOT.der, BELOW.der, LEAF], ids=["root", "below", "leaf"])
def test_a_list_is_matched_by_any_certificate_of_the_chain(listed: bytes) -> None:
    assert matched("etsi_tl", listed=(OTHER.der, listed)) == {"etsi_tl": {LIST}}


def test_a_list_is_not_matched_by_another_chain() -> None:
    assert matched("etsi_tl", listed=(OTHER.der,)) == {"etsi_tl": frozenset()}
    assert matched("etsi_tl", listed=(ROOT.der,), chain=()) == {"etsi_tl": frozenset()}
    late = NOW + 86_400 * (ca.INTERMEDIATE_DAYS + 1)
    assert matched("etsi_tl", listed=(ROOT.der,), now=late) == {"etsi_tl": frozenset()}


def test_whose_identity_is_not_proven_is_held_against_nothing() -> None:
    known = Authorities(lists={LIST: (ROOT.der,)})
    assert known.of(("etsi_tl", "openid_federation"), None, CHAIN, ["a"], now=NOW) == {
        "openid_federation": frozenset()
    }


def test_only_what_is_asked_for_is_looked_at() -> None:
    assert matched() == {}
    assert matched("aki", "unknown", listed=(ROOT.der,)) == {}
    assert matched("openid_federation") == {"openid_federation": {ANCHOR}}


def asking(*credentials: dict[str, Any]) -> DcqlQuery:
    known = {"id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}}
    return parse_query({"credentials": [known | each for each in credentials]})


def by(kind: str, *values: str) -> dict[str, Any]:
    return {"type": kind, "values": [*values]}


def test_the_types_of_all_queries_count() -> None:
    query = asking(
        {"id": "a", "trusted_authorities": [by("aki", "x"), by("etsi_tl", "y")]},
        {"id": "b", "trusted_authorities": [by("z", "x")]},
        {"id": "c"},
    )
    assert authority_types(query.credentials) == {"aki", "etsi_tl", "z"}


KNOWN = Authorities(Federation(realm_of().anchors()), {LIST: (ROOT.der,)})


@pytest.mark.parametrize(
    "entries",
    [
        [by("aki", "x")],
        [by("etsi_tl", "x", LIST)],
        [by("openid_federation", ANCHOR)],
        [by("unknown", "x"), by("aki", "x")],
    ],
    ids=["aki", "etsi_tl", "openid_federation", "one-of-two"],
)
def test_what_may_be_answered_is_asked(entries: list[dict[str, Any]]) -> None:
    refuse_unanswerable(asking({"trusted_authorities": entries}), KNOWN)


@pytest.mark.parametrize(
    ("change", "known"),
    [
        ({"trusted_authorities": [by("unknown", "x")]}, KNOWN),
        ({"trusted_authorities": [by("etsi_tl", "x")]}, KNOWN),
        ({"trusted_authorities": [by("openid_federation", ANCHOR)]}, Authorities()),
        ({"format": "ldp_vc", "meta": {"type_values": [["A"]]}}, KNOWN),
        ({"format": "jwt_vc_json", "meta": {}}, KNOWN),
    ],
    ids=["type", "list", "federation", "ldp_vc", "jwt_vc_json"],
)
def test_what_nobody_could_answer_is_not_asked(change: dict[str, Any], known: Authorities) -> None:
    with pytest.raises(DcqlError, match="'c'"):
        refuse_unanswerable(asking({"id": "a"}, change), known)


def test_nobody_is_offered_a_format_that_is_not_verified() -> None:
    assert VP_FORMATS.keys() == {*FORMATS}
    assert wallet_metadata("x509_hash:x")["vp_formats_supported"].keys() == {*FORMATS}

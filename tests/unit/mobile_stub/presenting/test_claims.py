"""Claims as the suite asks for them of a PID: sets, members, one of a list and all of it."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from madang.core.envelope import jws
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue
from mobile_stub.model import HeldCopy
from tests.unit.mobile_stub.verifiers import Shop, ask, mdoc_query, trusting
from tests.unit.mobile_stub.world import ISSUER, ISSUER_KEY, NAME_SPACE, NOW, VCT, World, query

BIRTH = {"locality": "Paris", "country": "FR"}
CLAIMS = {"nationalities": ["FR", "DE"], "place_of_birth": BIRTH, "birth_year": 1996}
FRAME = [
    ("nationalities",),
    ("nationalities", 0),
    ("nationalities", 1),
    ("place_of_birth",),
    ("place_of_birth", "locality"),
    ("place_of_birth", "country"),
    ("birth_year",),
]


@pytest.fixture
def auto(world: World, tmp_path: Path) -> Iterator[World]:
    """Return a wallet that agrees to everything, with a PID whose every part is disclosed apart."""
    trusting(world, tmp_path, auto_consent=True, reuse_copies=True)
    header = {"typ": "dc+sd-jwt", "x5c": jws.encode_chain(ISSUER_KEY.certificate_chain)}
    payload = {"iss": ISSUER, "vct": VCT["digital_id"], "iat": NOW, "exp": NOW + 1000, **CLAIMS}
    copies = []
    for number, signer in enumerate(world.vault.signers(3)):
        bound = payload | {"cnf": {"jwk": signer.public_key.to_jwk()}}
        salts = (f"salt-{at}" for at in count())
        text = issue(
            bound, SdFrame.of(FRAME), signer=ISSUER_KEY, header=header, salts=salts
        ).compact
        copies.append(
            HeldCopy(f"pid-{number}", ISSUER, "dc+sd-jwt", VCT["digital_id"], number, text)
        )
    world.vault.keep(copies)
    return world


def told(world: World, paths: list[list[Any]], **more: Any) -> dict[str, Any]:
    """Return what a shop that asks for these paths is told."""
    asked = query("digital_id", digital_id=paths)
    asked["credentials"][0] |= more
    shop = Shop(world.net, claims={"dcql_query": asked})
    ask(world, shop)
    (presented,) = shop.opened()["vp_token"]["digital_id"]
    claims = shop.claims_of(presented)
    return {name: claims[name] for name in CLAIMS if name in claims}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["nationalities", 0], {"nationalities": ["FR"]}),
        (["nationalities", None], {"nationalities": ["FR", "DE"]}),
        (["nationalities"], {"nationalities": ["FR", "DE"]}),
        (["place_of_birth", "country"], {"place_of_birth": {"country": "FR"}}),
        (["place_of_birth"], {"place_of_birth": BIRTH}),
    ],
    ids=["one of a list", "every one", "the list", "a member", "the object"],
)
def test_no_more_than_the_path_is_shown(
    path: list[Any], expected: dict[str, Any], auto: World
) -> None:
    assert told(auto, [path]) == expected


def test_of_several_sets_the_first_that_can_be_met_is_shown_alone(auto: World) -> None:
    paths = [["age_over_18"], ["place_of_birth", "locality"], ["birth_year"]]
    claims = [{"id": f"c{at}", "path": path} for at, path in enumerate(paths)]
    shown = told(auto, [], claims=claims, claim_sets=[["c0"], ["c1"], ["c2"]])
    assert shown == {"place_of_birth": {"locality": "Paris"}}


def test_sets_of_a_mobile_document(auto: World) -> None:
    auto.hold_mdoc()
    claims = [
        {"id": name, "path": [NAME_SPACE, name]} for name in ("age_over_18", "birth_year", "name")
    ]
    sets = [["age_over_18"], ["birth_year"], ["name"]]
    shop = Shop(auto.net, claims={"dcql_query": mdoc_query(claims=claims, claim_sets=sets)})
    ask(auto, shop)
    (presented,) = shop.opened()["vp_token"]["mdoc"]
    assert shop.elements_of(presented)["issuer"] == {NAME_SPACE: {"birth_year": 1996}}

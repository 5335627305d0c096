"""What a held copy says, whichever its format."""

from datetime import date

from madang.core.encoding import base64url
from madang.core.formats.mdoc.times import full_date
from mobile_stub.held import claims_of, expires_at
from mobile_stub.home import home_page
from mobile_stub.model import HeldCopy
from tests.unit.mobile_stub.world import CLAIMS, DAY, DOC_TYPE, NAME_SPACE, NOW, World


def held(world: World) -> HeldCopy:
    return world.vault.copies()[0]


def test_an_sd_jwt_says_its_claims_and_its_end(world: World) -> None:
    world.hold("digital_id")
    assert claims_of(held(world)).items() >= CLAIMS["digital_id"].items()
    assert expires_at(held(world)) == NOW + DAY


def test_an_mdoc_says_its_elements_by_namespace_as_json(world: World) -> None:
    picture = b"\x00\xff"
    world.hold_mdoc(born=full_date(date(1996, 5, 4)), portrait=picture, may_drive=[{"code": "B"}])
    assert claims_of(held(world)) == {
        NAME_SPACE: {
            **CLAIMS["digital_id"],
            "born": "1996-05-04",
            "portrait": base64url.encode(picture),
            "may_drive": [{"code": "B"}],
        }
    }
    assert expires_at(held(world)) == NOW + DAY


def test_the_page_shows_both_formats(world: World) -> None:
    world.hold("digital_id")
    world.hold_mdoc()
    page = home_page(world.vault.copies(), [], "en")
    assert DOC_TYPE in page
    assert page.count("<li>") == 2


def test_the_page_names_who_attests_in_either_format(world: World) -> None:
    world.hold_mdoc(attested_by="Hanbit City")
    assert "Hanbit City" in home_page(world.vault.copies(), [], "en")

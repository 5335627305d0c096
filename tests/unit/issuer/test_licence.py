"""The issuer acts only for what the registry accredits it for."""

from dataclasses import replace

import pytest

from issuer.offers.store import OfferRow
from madang.core.keys.signing import Signer
from madang.core.trust.accreditation import Issuer, parse_document
from madang.core.trust.snapshot import SnapshotError
from tests.unit.issuer.world import OTHER, World


def without(world: World, *names: str) -> None:
    """Accredit the issuer anew, without some types."""
    twin = world.accreditations.twin
    record = twin.record_of(world.identifier())
    document = parse_document(twin.documents[record])
    assert isinstance(document, Issuer)
    twin.remove(record)
    types = tuple(each for each in document.types if each not in names)
    twin.add(replace(document, types=types))


def offer(world: World) -> tuple[int, str, str]:
    """Ask for an offer of a Digital ID; return status, code and journal."""
    body = {"proofing_id": world.prove(world.people("person")[0]), "types": ["digital_id"]}
    answer = world.call("POST", "offers", body)
    return answer.status_code, answer.json().get("title", ""), world.codes()[-1]


def test_a_suspended_issuer_offers_nothing(world: World) -> None:
    twin = world.accreditations.twin
    twin.suspend(twin.record_of(world.identifier()))
    told = (503, "issuer_suspended", "accreditation.issuer_suspended")
    assert offer(world) == told
    assert world.count(OfferRow) == 0


def test_a_municipality_that_is_suspended_stops_no_other(world: World) -> None:
    twin = world.accreditations.twin
    twin.suspend(twin.record_of(world.identifier()))
    assert world.offer(world.people("person", tenant=OTHER)[0], OTHER)["offer_uri"]


def test_a_type_that_is_not_accredited_is_not_offered(world: World) -> None:
    without(world, world.deps.catalogue.vct(world.deps.addresses, "digital_id"))
    assert offer(world)[1:] == ("issuer_not_accredited", "accreditation.issuer_not_accredited")
    assert (
        "madang accreditation list"
        in world.call(
            "POST",
            "offers",
            {"proofing_id": world.prove(world.people("person")[0]), "types": ["digital_id"]},
        ).json()["detail"]
    )


def test_without_a_snapshot_nothing_is_offered(world: World) -> None:
    world.accreditations.error = SnapshotError("snapshot_stale", "too old")
    assert offer(world) == (503, "snapshot_stale", "accreditation.snapshot_stale")


def test_an_offer_is_not_renewed_while_the_issuer_is_suspended(world: World) -> None:
    made = world.offer(world.people("person")[0])
    twin = world.accreditations.twin
    record = twin.record_of(world.identifier())
    twin.suspend(record)
    answer = world.call("POST", f"offers/{made['offer_id']}/renew")
    assert (answer.status_code, answer.json()["title"]) == (503, "issuer_suspended")
    twin.resume(record)
    assert world.redeem(made)  # the code of before holds: nothing was taken away


def test_an_issuer_suspended_after_its_offer_issues_nothing(
    world: World, holder_keys: list[Signer]
) -> None:
    token = world.redeem(world.offer(world.people("person")[0]))
    twin = world.accreditations.twin
    record = twin.record_of(world.identifier())
    twin.suspend(record)
    with world.refused("accreditation.issuer_suspended"):
        answer = world.fetch(token, "digital_id", holder_keys)
    assert (answer.status_code, answer.json()["error"]) == (503, "issuer_suspended")
    twin.resume(record)
    assert world.fetch(token, "digital_id", holder_keys).status_code == 200


@pytest.mark.parametrize(("format_", "status"), [("mso_mdoc", 503), ("dc+sd-jwt", 200)])
def test_each_format_has_its_own_name_in_the_accreditation(
    world: World, holder_keys: list[Signer], format_: str, status: int
) -> None:
    without(world, world.deps.catalogue.doc_type("digital_id"))
    token = world.redeem(world.offer(world.people("person")[0]))
    named = "digital_id" if format_ == "dc+sd-jwt" else f"digital_id.{format_}"
    assert world.fetch(token, named, holder_keys).status_code == status

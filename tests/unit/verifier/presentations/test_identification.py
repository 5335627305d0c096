"""The counter's identification from request to result."""

import pytest

from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.protocol.oid4vp.result import PresentationResult, check_result
from madang.core.protocol.typed_jwt import Window
from tests.unit.verifier import mdocs
from tests.unit.verifier.world import NOW, Asked, City, digest_of
from verifier.presentations.store import PresentationRow


def result_of(city: City, asked: Asked) -> PresentationResult:
    """Return the result as the issuer reads it."""
    return check_result(
        city.state(asked)["result"],
        verifier=city.identifier("verifier"),
        issuer=city.identifier("issuer"),
        anchors=city.roots,
        window=Window(NOW, max_age=60, max_skew=5),
    )


def test_a_presented_digital_id_gives_a_signed_result(city: City) -> None:
    asked = city.ask_identity()
    credential = city.credential("digital_id")
    answer = asked.answer({"digital_id": [asked.show("digital_id", credential)]})
    assert (answer.status_code, answer.json()) == (200, {})
    told = city.state(asked)
    assert (told["state"], told["failures"]) == ("answered", [])
    assert result_of(city, asked) == PresentationResult(
        verifier=city.identifier("verifier"),
        issuer=city.identifier("issuer"),
        presentation_id=asked.id,
        credential_type="digital_id",
        credential_digest=digest_of(credential),
        holder=city.land.holders[0].public_key.thumbprint(),
        issued_at=NOW,
        expires_at=NOW + city.settings.result_seconds,
    )
    assert city.journal() == ["presentation.accepted"]


def test_the_request_asks_what_the_purpose_lists_in_either_format_and_nothing_else(
    city: City,
) -> None:
    doc_type = city.deps.catalogue.doc_type("digital_id")
    common = {"multiple": False, "require_cryptographic_holder_binding": True}
    assert city.ask_identity().request.dcql_query.to_json() == {
        "credentials": [
            {
                "id": "digital_id",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": [city.vct("digital_id")]},
                **common,
                "claims": [{"path": ["name"]}, {"path": ["birthdate"]}],
            },
            {
                "id": "digital_id-mdoc",
                "format": "mso_mdoc",
                "meta": {"doctype_value": doc_type},
                **common,
                "claims": [{"path": [doc_type, "name"]}, {"path": [doc_type, "birthdate"]}],
            },
        ],
        "credential_sets": [{"options": [["digital_id"], ["digital_id-mdoc"]], "required": True}],
    }


@pytest.mark.parametrize("purpose", ["counter_identification", "issuer_sign_in"])
def test_an_mdoc_alone_gives_a_signed_result(purpose: str, city: City) -> None:
    asked = city.ask_identity(purpose)
    document = mdocs.issued(city)
    shown = mdocs.shown(asked, "digital_id-mdoc", issuer_signed=document)
    assert asked.answer({"digital_id-mdoc": [shown]}).status_code == 200
    told = city.state(asked)
    assert (told["state"], told["failures"]) == ("answered", [])
    result = result_of(city, asked)
    assert result.credential_type == "digital_id"
    assert result.credential_digest == parse_issuer_signed(document).issuer_digest
    assert result.holder == city.land.holders[0].public_key.thumbprint()


def test_both_formats_of_one_holder_give_one_result(city: City) -> None:
    asked, credential = city.ask_identity(), city.credential("digital_id")
    shown = {
        "digital_id": [asked.show("digital_id", credential)],
        "digital_id-mdoc": [mdocs.shown(asked, "digital_id-mdoc")],
    }
    assert asked.answer(shown).status_code == 200
    assert result_of(city, asked).credential_digest == digest_of(credential)


def test_formats_of_two_holders_are_refused(city: City) -> None:
    asked = city.ask_identity()
    shown = {
        "digital_id": [asked.show("digital_id")],
        "digital_id-mdoc": [mdocs.shown(asked, "digital_id-mdoc", holder=1)],
    }
    assert asked.answer(shown).status_code == 400
    assert city.state(asked)["state"] == "open"


def test_a_purpose_without_claims_asks_for_the_certificate_and_no_claim(city: City) -> None:
    asked = city.ask_identity("issuer_sign_in")
    assert [query.claims for query in asked.request.dcql_query.credentials] == [None, None]
    credential = city.credential("digital_id")
    asked.answer({"digital_id": [asked.show("digital_id", credential)]})
    assert city.state(asked)["state"] == "answered"


def test_nothing_of_the_person_is_kept(city: City) -> None:
    asked = city.ask_identity()
    asked.answer({"digital_id": [asked.show("digital_id")]})
    with city.deps.database.reading() as session:
        row = session.get_one(PresentationRow, asked.id).model_dump()
    assert row["encryption_key"] is None
    assert "한도윤" not in repr(row)

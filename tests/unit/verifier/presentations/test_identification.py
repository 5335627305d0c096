"""The counter's identification from request to result."""

from madang.core.protocol.oid4vp.result import PresentationResult, check_result
from madang.core.protocol.typed_jwt import Window
from tests.unit.verifier.world import NOW, City, digest_of
from verifier.presentations.store import PresentationRow


def test_a_presented_digital_id_gives_a_signed_result(city: City) -> None:
    asked = city.ask_identity()
    credential = city.credential("digital_id")
    answer = asked.answer({"digital_id": [asked.show("digital_id", credential)]})
    assert (answer.status_code, answer.json()) == (200, {})
    told = city.state(asked)
    assert (told["state"], told["failures"]) == ("answered", [])
    result = check_result(
        told["result"],
        verifier=city.identifier("verifier"),
        issuer=city.identifier("issuer"),
        anchors=city.roots,
        window=Window(NOW, max_age=60, max_skew=5),
    )
    assert result == PresentationResult(
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


def test_the_request_asks_what_the_purpose_lists_and_nothing_else(city: City) -> None:
    query = city.ask_identity().request.dcql_query.to_json()
    assert query == {
        "credentials": [
            {
                "id": "digital_id",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": [city.vct("digital_id")]},
                "multiple": False,
                "require_cryptographic_holder_binding": True,
                "claims": [{"path": ["name"]}, {"path": ["birthdate"]}],
            }
        ]
    }


def test_a_purpose_without_claims_asks_for_the_certificate_and_no_claim(city: City) -> None:
    asked = city.ask_identity("issuer_sign_in")
    (query,) = asked.request.dcql_query.credentials
    assert query.claims is None
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

import dataclasses
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.envelope import cose
from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.device_auth import by_mac, by_signature
from madang.core.formats.mdoc.model import Document
from madang.core.formats.mdoc.mso import (
    IdentifierReference,
    KeyAuthorizations,
    StatusReference,
    ValidityInfo,
)
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.presented import Policy
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.status_check import StatusLookup
from madang.core.protocol.oid4vp.verdict import (
    PresentationVerdict,
    Standing,
    StatusSource,
    Step,
)
from madang.core.protocol.oid4vp.verification import conclude, examine
from madang.core.status.errors import StatusError
from madang.core.status.identifier_list import IdentifierList
from madang.infra import ca
from tests.unit.madang.core.protocol.oid4vp.answers import codes
from tests.unit.madang.core.protocol.oid4vp.city import (
    DOC_TYPE,
    ISSUER,
    LISTS,
    NOW,
    City,
    asked_credential,
)
from tests.unit.madang.core.protocol.oid4vp.mdocs import (
    NAME,
    OWN,
    Licence,
    asked_for,
    mdoc_query,
    query_of,
    response,
)

READER = SoftwareAgreement(ec.derive_private_key(7, ec.SECP256R1()))
PORTRAIT = ((DOC_TYPE, "portrait"),)


def verdict_on(
    city: City,
    text: str,
    asked: Asked | None = None,
    *,
    policy: Policy | None = None,
    statuses: dict[StatusSource, StatusLookup] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    **more: str,
) -> PresentationVerdict:
    answer = Answer({"lic": (text,), **{name: (each,) for name, each in more.items()}}, "s-1")
    examined = examine(answer, asked or asked_for(city), policy or city.policy, limits=limits)
    return conclude(examined, city.statuses("id", "lic") if statuses is None else statuses)


def test_a_good_document_releases_what_was_asked_for_as_json(city: City) -> None:
    asked = asked_for(city, query_of(mdoc_query(*NAME, *PORTRAIT)))
    licence = Licence(city=city)
    verdict = verdict_on(city, licence.shown(*NAME, *PORTRAIT, asked=asked), asked)
    assert codes(verdict) == []
    (found,) = verdict.credentials
    assert found.claims == {DOC_TYPE: {"name": "Kim Mina", "portrait": "_9g"}}
    assert (found.format, found.vct, found.type_id) == ("mso_mdoc", DOC_TYPE, "licence")
    assert (found.issuer, found.issued_at, found.expires_at) == (ISSUER, NOW - 1000, NOW + 1000)
    assert found.status is not None
    assert found.status.source == StatusSource(LISTS, DOC_TYPE, ISSUER)
    assert found.holder == verdict.holder == city.holder.public_key.thumbprint()
    assert [each.standing for each in verdict.standings] == [Standing.VALID]


def test_the_digest_is_that_of_the_issuer_in_every_presentation(city: City) -> None:
    licence = Licence(city=city)
    shown = [licence.shown(*NAME), licence.shown(*NAME, *PORTRAIT)]
    digests = {verdict_on(city, text).credentials[0].issuer_digest for text in shown}
    # Each time it is issued anew, and ECDSA signs with chance.
    assert len(digests) == 2
    assert all(len(digest) == 32 for digest in digests)


def test_elements_beyond_the_question_are_not_released(city: City) -> None:
    verdict = verdict_on(city, Licence(city=city).shown(*NAME, *PORTRAIT))
    assert verdict.credentials[0].claims == {DOC_TYPE: {"name": "Kim Mina"}}


def test_without_claims_in_the_query_no_element_is_asked(city: City) -> None:
    asked = asked_for(city, query_of(mdoc_query()))
    verdict = verdict_on(city, Licence(city=city).shown(*NAME, asked=asked), asked)
    assert verdict.credentials[0].claims == {}


@pytest.mark.parametrize("mode", ["direct_post", "dc_api", "dc_api.jwt"])
def test_every_way_of_answering_has_its_transcript(city: City, mode: str) -> None:
    api = mode.startswith("dc_api")
    asked = asked_for(
        city,
        response_mode=mode,
        origin="https://mapo.example" if api else None,
        jwk_thumbprint=b"\x07" * 32 if mode.endswith(".jwt") else None,
        state=None if api else "s-1",
    )
    assert verdict_on(city, Licence(city=city).shown(*NAME, asked=asked), asked).ok


ELSEWHERE: dict[str, dict[str, Any]] = {
    "v8-nonce": {"nonce": "n-2"},
    "client_id": {"client_id": "x509_hash:other"},
    "response_uri": {"response_uri": "https://mapo.example/response/2"},
    "v35-no-thumbprint": {"jwk_thumbprint": None},
    "v35-other-key": {"jwk_thumbprint": b"\x08" * 32},
    "v35-handover-of-the-api": {"response_mode": "dc_api.jwt", "origin": "https://mapo.example"},
}


@pytest.mark.parametrize("changes", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_document_shown_in_another_session(city: City, changes: dict[str, Any]) -> None:
    text = Licence(city=city).shown(*NAME, asked=asked_for(city, **changes))
    verdict = verdict_on(city, text)
    assert codes(verdict) == ["device_signature"]
    assert verdict.failures[0].step is Step.BINDING


def test_v34_an_item_whose_digest_the_issuer_did_not_sign(city: City) -> None:
    def swapped(document: Document) -> Document:
        signed = document.issuer_signed
        (item,) = signed.name_spaces[DOC_TYPE]
        other = item._replace(
            encoded=item.encoded.replace(b"Kim", b"Lee"), element_value="Lee Mina"
        )
        spaces = {DOC_TYPE: (other,)}
        return dataclasses.replace(
            document, issuer_signed=dataclasses.replace(signed, name_spaces=spaces)
        )

    verdict = verdict_on(city, Licence(city=city).shown(*NAME, change=swapped))
    assert codes(verdict) == ["digest", "claim_missing"]
    assert verdict.failures[0].step is Step.CREDENTIAL
    assert "Lee" not in repr(verdict)


@pytest.mark.parametrize(
    ("validity", "code"),
    [
        (ValidityInfo(NOW - 1000, NOW - 1000, NOW - 61), "expired"),
        (ValidityInfo(NOW + 61, NOW + 61, NOW + 1000), "not_yet_valid"),
        (ValidityInfo(NOW - 1000, NOW + 61, NOW + 1000), "not_yet_valid"),
    ],
)
def test_v34_times_of_the_mso(city: City, validity: ValidityInfo, code: str) -> None:
    verdict = verdict_on(city, Licence(city=city, validity=validity).shown(*NAME))
    assert codes(verdict) == [code]
    assert verdict.genuine is (code == "expired")


def test_v34_a_document_type_that_is_not_that_of_the_mso(city: City) -> None:
    def renamed(document: Document) -> Document:
        return dataclasses.replace(document, doc_type="example.mapo.other")

    verdict = verdict_on(city, Licence(city=city).shown(*NAME, change=renamed))
    assert codes(verdict) == ["doc_type", "device_signature"]


def test_v34_a_device_key_that_is_not_in_the_mso(city: City) -> None:
    text = Licence(city=city).shown(*NAME, authenticate=by_signature(city.other_holder))
    assert codes(verdict_on(city, text)) == ["device_signature"]


def maced(city: City, asked: Asked, reader: PublicKey, holder: Signer | None = None) -> str:
    """Present by a MAC for a reader's key."""
    device = SoftwareAgreement((holder or city.holder)._private_key)  # type: ignore[attr-defined]  # the device's own half
    mac = by_mac(device, reader, asked.transcript)
    return Licence(city=city).shown(*NAME, asked=asked, authenticate=mac)


def test_a_mac_for_the_key_that_the_answer_is_encrypted_to(city: City) -> None:
    asked = asked_for(city, reader=READER)
    verdict = verdict_on(city, maced(city, asked, READER.public_key), asked)
    assert codes(verdict) == []


def test_v34_a_mac_where_no_key_is_offered(city: City) -> None:
    asked = asked_for(city)
    verdict = verdict_on(city, maced(city, asked, READER.public_key), asked)
    assert codes(verdict) == ["device_mac_unexpected"]


@pytest.mark.parametrize("wrong", ["reader", "device", "session"])
def test_v34_a_mac_of_other_keys_or_another_session(city: City, wrong: str) -> None:
    asked = asked_for(city, reader=READER)
    other = generate_p256("other").public_key
    made_for = replace(asked, nonce="another") if wrong == "session" else asked
    text = maced(
        city,
        made_for,
        other if wrong == "reader" else READER.public_key,
        city.other_holder if wrong == "device" else None,
    )
    verdict = verdict_on(city, text, asked)
    assert codes(verdict) == ["device_mac"]
    assert verdict.failures[0].step is Step.BINDING


def test_v34_an_element_that_the_device_may_not_sign(city: City) -> None:
    licence = Licence(city=city)
    verdict = verdict_on(city, licence.shown(*NAME, own={OWN: {"a": 1}}))
    assert codes(verdict) == ["device_element"]
    allowed = Licence(city=city, authorizations=KeyAuthorizations((OWN,)))
    assert verdict_on(city, allowed.shown(*NAME, own={OWN: {"a": 1}})).ok


def test_v2_an_issuer_signature_that_is_not_the_signer_s(city: City) -> None:
    thief = generate_p256("thief")
    forged = SoftwareSigner(thief._private_key, "k1", city.issuer.certificate_chain)
    verdict = verdict_on(city, Licence(city=city, issuer=forged).shown(*NAME), statuses={})
    assert codes(verdict) == ["issuer_signature"]
    assert verdict.standings[0].standing is Standing.UNTRUSTED


def test_v24_v25_whose_chain_is_not_trusted(city: City) -> None:
    for signer, code in (
        (city.stranger, "unknown_anchor"),
        (city.verifier, "issuer_not_accredited"),
    ):
        verdict = verdict_on(city, Licence(city=city, issuer=signer).shown(*NAME), statuses={})
        assert codes(verdict) == [code]
        assert verdict.failures[0].step is Step.ISSUER
        assert verdict.standings[0].standing is Standing.UNTRUSTED


def test_v25_a_certificate_that_has_expired(city: City) -> None:
    later = dataclasses.replace(city.policy, now=NOW + (ca.LEAF_DAYS + 1) * 86_400)
    forever = ValidityInfo(NOW, NOW, NOW + 10**9)
    text = Licence(city=city, validity=forever).shown(*NAME)
    assert codes(verdict_on(city, text, policy=later, statuses={}))[0] == "certificate_expired"


def test_v27_another_document_than_the_one_asked_for(city: City) -> None:
    query = query_of(mdoc_query(meta={"doctype_value": "example.mapo.other"}))
    asked = asked_for(city, query)
    verdict = verdict_on(city, Licence(city=city).shown(*NAME, asked=asked), asked)
    assert codes(verdict) == ["wrong_type"]


def test_v28_an_element_missing_or_of_another_value(city: City) -> None:
    assert codes(verdict_on(city, Licence(city=city).shown(*PORTRAIT))) == ["claim_missing"]
    claims = [{"path": [DOC_TYPE, "name"], "values": ["Lee"]}]
    asked = asked_for(city, query_of(mdoc_query(claims=claims)))
    verdict = verdict_on(city, Licence(city=city).shown(*NAME, asked=asked), asked)
    assert codes(verdict) == ["value_not_accepted"]


@pytest.mark.parametrize(
    ("value", "code"), [(1, "status_revoked"), (2, "status_suspended"), (3, "status_unknown")]
)
def test_v22_the_status_of_an_mso(city: City, value: int, code: str) -> None:
    statuses = city.statuses("lic", value=value)
    verdict = verdict_on(city, Licence(city=city).shown(*NAME), statuses=statuses)
    assert codes(verdict) == [code]
    assert verdict.credentials == ()


def test_v23_no_status_of_an_mso_that_can_be_relied_upon(city: City) -> None:
    text = Licence(city=city).shown(*NAME)
    source = StatusSource(LISTS, DOC_TYPE, ISSUER)
    for statuses, code in (
        ({}, "status_list_unreachable"),
        ({source: StatusError("status_list_expired", "x")}, "status_list_expired"),
    ):
        assert codes(verdict_on(city, text, statuses=dict(statuses))) == [code]
    without = Licence(city=city, status=None).shown(*NAME)
    assert codes(verdict_on(city, without)) == ["status_missing"]
    inside = StatusReference("http://127.0.0.1/x", 1)
    assert codes(verdict_on(city, Licence(city=city, status=inside).shown(*NAME))) == ["status_uri"]


REVOKED = b"\x07" * 16


@pytest.mark.parametrize("certificate", [None, b"der"], ids=["issuer", "named"])
@pytest.mark.parametrize(
    ("listed", "found"),
    [(REVOKED, ["status_revoked"]), (b"\x08" * 16, [])],
    ids=["listed", "not listed"],
)
def test_a_document_may_be_revoked_by_its_identifier(
    city: City, listed: bytes, found: list[str], certificate: bytes | None
) -> None:
    status = IdentifierReference(LISTS, REVOKED, certificate)
    text = Licence(city=city, status=status).shown(*NAME)
    source = StatusSource(LISTS, DOC_TYPE, ISSUER, certificate)
    statuses = {source: IdentifierList(frozenset({listed}))}
    assert codes(verdict_on(city, text, statuses=dict(statuses))) == found
    assert codes(verdict_on(city, text, statuses={})) == ["status_list_unreachable"]
    of_places = city.statuses("lic")
    (lookup,) = of_places.values()
    assert codes(verdict_on(city, text, statuses={source: lookup})) == ["status_list_type"]


def test_a_stranger_s_document_makes_us_fetch_nothing(city: City) -> None:
    elsewhere = StatusReference("https://inside.example/", 1)
    licence = Licence(city=city, issuer=city.stranger, status=elsewhere)
    answer = Answer({"lic": (licence.shown(*NAME),)}, "s-1")
    assert examine(answer, asked_for(city), city.policy).status_sources == ()


FORMS = {
    "nothing": ("", "malformed_mdoc"),
    "no-base64url": ("=", "malformed_mdoc"),
    "no-cbor": ("AA~", "malformed_mdoc"),
    "no-map": ("gA", "malformed_mdoc"),
    "an-sd-jwt": ("a.b.c~", "malformed_mdoc"),
    "no-documents": (response(), "no_documents"),
    "a-status": (response(status=10), "response_status"),
    "another-version": (response(version="2.0"), "version"),
}


@pytest.mark.parametrize(("text", "code"), FORMS.values(), ids=FORMS)
def test_what_is_no_response_with_a_document(city: City, text: str, code: str) -> None:
    verdict = verdict_on(city, text)
    assert codes(verdict) == [code]
    assert verdict.failures[0].step is Step.FORM
    assert verdict.standings[0].standing is Standing.REFUSED


def test_a_response_holds_one_document(city: City) -> None:
    document = Licence(city=city).document(*NAME)
    assert codes(verdict_on(city, response(document, document))) == ["too_many_documents"]


def test_sizes_and_elements_are_bounded(city: City) -> None:
    text = Licence(city=city).shown(*NAME, *PORTRAIT)
    assert codes(verdict_on(city, text, limits=Limits(jwe_bytes=len(text) - 1))) == [
        "malformed_mdoc"
    ]
    assert codes(verdict_on(city, text, limits=Limits(disclosures=1))) == ["too_many_elements"]


def test_a_chain_that_cannot_be_read(city: City) -> None:
    def unchained(document: Document) -> Document:
        signed = document.issuer_signed
        auth = dataclasses.replace(signed.issuer_auth, unprotected={cose.X5CHAIN: "text"})
        return dataclasses.replace(
            document, issuer_signed=dataclasses.replace(signed, issuer_auth=auth)
        )

    assert codes(verdict_on(city, Licence(city=city).shown(*NAME, change=unchained))) == [
        "issuer_chain"
    ]


def across(city: City) -> DcqlQuery:
    return query_of(mdoc_query(*NAME), asked_credential("id", "name"))


def test_v37_one_holder_s_credentials_of_two_formats(city: City) -> None:
    asked = asked_for(city, across(city))
    mine = city.presentation("id", ("name",))
    verdict = verdict_on(city, Licence(city=city).shown(*NAME, asked=asked), asked, id=mine)
    assert codes(verdict) == []
    assert {each.holder for each in verdict.credentials} == {verdict.holder}


def test_v37_two_holders_credentials_of_two_formats(city: City) -> None:
    asked = asked_for(city, across(city))
    other = Licence(city=city, holder=city.other_holder).shown(*NAME, asked=asked)
    verdict = verdict_on(city, other, asked, id=city.presentation("id", ("name",)))
    assert codes(verdict) == ["holder_keys_differ"]


def test_a_credential_in_the_place_of_another_format(city: City) -> None:
    asked = asked_for(city, across(city))
    document = Licence(city=city).shown(*NAME, asked=asked)
    verdict = verdict_on(city, document, asked, id=document)
    assert [each.step for each in verdict.failures] == [Step.FORM]


def test_a_format_that_is_not_verified_here_is_said(city: City) -> None:
    w3c = {"id": "lic", "format": "ldp_vc", "meta": {"type_values": [["A"]]}}
    verdict = verdict_on(city, "x", asked_for(city, query_of(w3c)))
    assert codes(verdict) == ["format_unsupported"]


@given(text=st.text(max_size=30) | st.binary(max_size=80).map(base64url.encode))
def test_any_text_is_refused_and_nothing_is_raised(city: City, text: str) -> None:
    assert not verdict_on(city, text).ok


# An alteration may make the serial number negative, of which the library warns.
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@given(data=st.data())
def test_an_altered_byte_is_never_accepted(city: City, data: st.DataObject) -> None:
    good = bytearray(base64url.decode(_SHOWN.setdefault("text", Licence(city=city).shown(*NAME))))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    verdict = verdict_on(city, base64url.encode(bytes(good)))
    assert not verdict.ok or verdict.credentials[0].claims == {DOC_TYPE: {"name": "Kim Mina"}}


_SHOWN: dict[str, str] = {}

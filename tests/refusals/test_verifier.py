"""What the verifier refuses at its response address, row by row, against the running service.

The rows of SD-JWT VC stand in tests/unit/verifier/presentations (test_refusals, test_sessions,
test_status, test_accreditations, test_same_device) and tests/unit/verifier/requests/test_api; here
are those of mobile documents, of transactions, and of several credentials. V43 has no test: the
verifier asks for no credential of the format that it is about.

Every case leaves one line in the journal and no claim, and is followed by a good answer.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.mdoc.model import Document
from madang.core.formats.mdoc.mso import KeyAuthorizations
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vp.transaction_data import parse
from madang.core.status import identifier_list
from madang.core.status.identifier_list import IdentifierList, IdentifierListToken
from madang.core.status.token_status_list import INVALID, SUSPENDED
from tests.unit.verifier.mdocs import issued, query, shown
from tests.unit.verifier.world import (
    DAY,
    NOW,
    TENANT,
    Asked,
    City,
    Land,
    found_land,
    open_city,
)
from verifier.presentations.store import PresentationRow

Show = Callable[[Asked], str]
ANOTHER = b"\x01" * 32


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Land:
    state: Path = tmp_path_factory.mktemp("refusals")
    return found_land(state)


@pytest.fixture
def city(land: Land) -> Iterator[City]:
    with open_city(land, ask_outside_registry=frozenset({TENANT})) as opened:
        yield opened


def ask(city: City, *queries: dict[str, Any], **wish: Any) -> tuple[Asked, str]:
    """Ask for documents, and return the request and the key that asked."""
    key, dcql = city.key(), {"credentials": list(queries) or [query(city)]}
    answer = city.ask({"dcql_query": wish.pop("dcql_query", dcql), **wish}, key=key)
    assert answer.status_code == 201, answer.text
    return city.asked(answer.json()), key


def stored(city: City) -> list[tuple[str, str | None]]:
    with city.deps.database.engine.connect() as connection:
        rows = connection.execute(PresentationRow.__table__.select())  # type: ignore[attr-defined]
        return [(row.phase, row.result) for row in rows]


def refused(asked: Asked, key: str, vp_token: dict[str, list[str]]) -> list[str]:
    """Answer badly; return the codes that the agency is told."""
    city = asked.city
    before = len(city.journal())
    answer = asked.answer(vp_token)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    told = city.told(asked.id, key).json()
    assert (told["state"], told["result"]) == ("open", None)
    assert all(each["clause"] for each in told["reasons"])
    codes = [each["code"] for each in told["reasons"]]
    assert city.journal()[before:] == [f"presentation.{codes[0]}"]
    assert stored(city) == [("open", None)]
    return codes


def altered_value(document: Document) -> Document:
    """Change an element behind the issuer's back."""
    spaces = dict(document.issuer_signed.name_spaces)
    name, (first, *rest) = next(iter(spaces.items()))
    wrong = bytearray(first.encoded)
    wrong[wrong.index(first.random)] ^= 1
    changed = {**spaces, name: (first._replace(encoded=bytes(wrong)), *rest)}
    return replace(document, issuer_signed=replace(document.issuer_signed, name_spaces=changed))


def other_type(document: Document) -> Document:
    return replace(document, doc_type="example.other")


def device_flipped(document: Document) -> Document:
    signed = document.device_signed
    wrong = bytearray(signed.device_auth.signature)
    wrong[0] ^= 1
    auth = replace(signed.device_auth, signature=bytes(wrong))
    return replace(document, device_signed=replace(signed, device_auth=auth))


def session(**changes: Any) -> Show:
    return lambda asked: shown(asked, session=changes)


def document(**how: Any) -> Show:
    return lambda asked: shown(asked, issuer_signed=issued(asked.city, **how))


def by_stranger(asked: Asked) -> str:
    return shown(asked, issuer_signed=issued(asked.city, signer=asked.city.land.stranger))


def by_thief(asked: Asked) -> str:
    return shown(asked, issuer_signed=issued(asked.city), holder=1)


def outlived(asked: Asked) -> str:
    """Show a document a while after its end."""
    short = issued(asked.city, until=NOW + 10)
    asked.city.clock.advance(2 * asked.city.settings.clock_skew_seconds)
    return shown(asked, issuer_signed=short)


def over_api(asked: Asked) -> str:
    origin = asked.city.deps.addresses.origin(TENANT, "verifier")
    return shown(asked, session={"response_mode": "dc_api.jwt", "origin": origin})


MDOC: dict[str, tuple[Show, str]] = {
    "V8 nonce of another session": (session(nonce="another"), "device_signature"),
    "V8 response address of another": (
        session(response_uri="https://evil.example"),
        "device_signature",
    ),
    "V8 another client": (session(client_id="x509_hash:other"), "device_signature"),
    "V24 unknown root": (by_stranger, "unknown_anchor"),
    "V27 another document type": (document(doc_type="example.other"), "wrong_type"),
    "V1 device signature altered": (lambda a: shown(a, change=device_flipped), "device_signature"),
    "V34 item digest not in the MSO": (lambda a: shown(a, change=altered_value), "digest"),
    "V34 docType outside the MSO differs": (lambda a: shown(a, change=other_type), "doc_type"),
    "V34 validity passed": (outlived, "expired"),
    "V34 key not in the MSO": (
        lambda a: shown(a, issuer_signed=issued(a.city), holder=1),
        "device_signature",
    ),
    "V35 handover of the browser's API": (over_api, "device_signature"),
    "V35 no thumbprint though encrypted": (session(jwk_thumbprint=None), "device_signature"),
    "V35 thumbprint of another key": (session(jwk_thumbprint=ANOTHER), "device_signature"),
    "V30 no document": (lambda _: base64url.encode(b"\xa0"), "malformed"),
    "V30 no CBOR": (lambda _: "~~~", "malformed"),
}


@pytest.mark.parametrize("name", MDOC)
def test_a_bad_document_is_refused_and_a_good_one_counts(city: City, name: str) -> None:
    show, code = MDOC[name]
    asked, key = ask(city)
    assert code in " ".join(refused(asked, key, {"doc": [show(asked)]}))
    assert asked.answer({"doc": [shown(asked)]}).status_code == 200
    told = city.told(asked.id, key).json()
    assert told["state"] == "answered"
    (proved,) = told["result"]["credentials"]
    assert (proved["format"], proved["type"]) == ("mso_mdoc", "digital_id")


def test_a_purpose_covers_a_type_in_each_of_its_formats(land: Land) -> None:
    wish = {"purpose": "counter_identification"}
    with open_city(land) as city:
        asked, key = ask(city, **wish)
        assert asked.answer({"doc": [shown(asked)]}).status_code == 200
        (proved,) = city.told(asked.id, key).json()["result"]["credentials"]
        assert (proved["format"], proved["type"]) == ("mso_mdoc", "digital_id")
        beyond = query(city)
        beyond["claims"].append({"path": [beyond["claims"][0]["path"][0], "address"]})
        answer = city.ask({**wish, "dcql_query": {"credentials": [beyond]}})
        assert (answer.status_code, answer.json()["title"]) == (403, "over_asking")


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_a_document_is_taken_in_either_mode(city: City, mode: str) -> None:
    asked, key = ask(city, response_mode=mode)
    assert asked.answer({"doc": [shown(asked)]}).status_code == 200
    assert city.told(asked.id, key).json()["state"] == "answered"


@pytest.mark.parametrize(("value", "code"), [(INVALID, "revoked"), (SUSPENDED, "suspended")])
def test_v22_a_documents_status_counts(city: City, value: int, code: str) -> None:
    city.statuses.set(9, value)
    city.publish_list()
    asked, key = ask(city)
    assert refused(asked, key, {"doc": [shown(asked)]}) == [f"status_{code}"]


def test_v23_without_a_list_a_document_is_refused(city: City) -> None:
    city.web.published.clear()
    asked, key = ask(city)
    assert refused(asked, key, {"doc": [shown(asked)]}) == ["status_list_unreachable"]


NAMED = b"\x07" * 16


def publish_names(city: City, *names: bytes, signer: Signer | None = None) -> None:
    listed = IdentifierList(frozenset(names))
    token = IdentifierListToken(city.list_uri, NOW, NOW + DAY, 60, listed)
    by = signer or city.land.keys.signer(TENANT, "issuer")
    city.web.media_type = identifier_list.MEDIA_TYPE
    city.web.published[city.list_uri] = identifier_list.encode(token, by)


def test_v22_a_document_on_an_identifier_list_is_revoked(city: City) -> None:
    publish_names(city, NAMED, b"\x01" * 16)
    asked, key = ask(city)
    text = shown(asked, issuer_signed=issued(city, status=NAMED))
    assert refused(asked, key, {"doc": [text]}) == ["status_revoked"]
    assert city.web.asked.count(city.list_uri) == 1
    another = shown(asked, issuer_signed=issued(city, status=b"\x02" * 16))
    assert asked.answer({"doc": [another]}).status_code == 200


def test_v23_an_identifier_list_of_somebody_else_is_none(city: City) -> None:
    publish_names(city, signer=city.land.stranger)
    asked, key = ask(city)
    text = shown(asked, issuer_signed=issued(city, status=NAMED))
    assert refused(asked, key, {"doc": [text]}) == ["status_list_issuer"]


def test_v9_a_minimal_holder_key_is_enough(city: City) -> None:
    asked = city.ask_identity()
    key = city.land.holders[0].public_key.to_jwk()
    minimal = {name: key[name] for name in ("kty", "crv", "x", "y")}
    text = city.credential("digital_id", cnf={"jwk": minimal})
    assert asked.answer({"digital_id": [asked.show("digital_id", text)]}).status_code == 200


def sd_jwt(city: City, query_id: str = "id") -> dict[str, Any]:
    meta = {"vct_values": [city.vct("digital_id")]}
    claims = [{"path": ["name"]}]
    return {"id": query_id, "format": "dc+sd-jwt", "meta": meta, "claims": claims}


def test_v37_a_document_of_another_holder_is_not_mixed_in(city: City) -> None:
    asked, key = ask(city, query(city), sd_jwt(city))
    own = asked.show("id", city.credential("digital_id", holder=1), holder=1)
    codes = refused(asked, key, {"doc": [shown(asked)], "id": [own]})
    assert codes == ["holder_keys_differ"]
    both = {"doc": [shown(asked)], "id": [asked.show("id", type_id="digital_id")]}
    assert asked.answer(both).status_code == 200


def test_v31_of_required_and_optional_sets(city: City) -> None:
    sets = [{"options": [["doc"], ["id"]]}, {"options": [["more"]], "required": False}]
    queries = [query(city), sd_jwt(city), sd_jwt(city, "more")]
    wish = {"credentials": queries, "credential_sets": sets}
    asked, key = ask(city, dcql_query=wish)
    more = asked.show("more", type_id="digital_id")
    assert refused(asked, key, {"more": [more]}) == ["credential_set_unmet"]
    assert asked.answer({"id": [asked.show("id", type_id="digital_id")]}).status_code == 200


def test_v28_a_value_that_was_not_asked_for(city: City) -> None:
    wanted = sd_jwt(city) | {"claims": [{"path": ["name"], "values": ["Somebody Else"]}]}
    asked, key = ask(city, wanted)
    codes = refused(asked, key, {"id": [asked.show("id", type_id="digital_id")]})
    assert codes == ["value_not_accepted"]


TYPES = {"consent": {"members": {"text": "string"}, "element": ["example.consent", "hashes"]}}
TEXT = {"type": "consent", "text": "I agree."}


@pytest.fixture
def consenting(land: Land, tmp_path: Path) -> Iterator[City]:
    """A city whose agencies may ask for a consent."""
    file = tmp_path / "types.json"
    file.write_text(json.dumps(TYPES))
    outside = frozenset({TENANT})
    with open_city(land, ask_outside_registry=outside, transaction_types=file) as opened:
        yield opened


def digests(asked: Asked) -> dict[str, str]:
    """Return the hash of the transaction, and hashes that are nearly so."""
    (encoded,) = asked.request.transaction_data or ()
    decoded = parse(base64url.encode(base64url.decode(encoded) + b" "))
    right = parse(encoded).digest()
    return {"": right, "over the decoded bytes": decoded.digest(), "of another": "A" * 43}


WRONG = ["over the decoded bytes", "of another", "missing"]


@pytest.mark.parametrize("wrong", WRONG)
def test_v36_a_transaction_is_authorized_by_its_own_hash(consenting: City, wrong: str) -> None:
    wish = [{**TEXT, "credential_ids": ["id"]}]
    asked, key = ask(consenting, sd_jwt(consenting), transaction_data=wish)

    def show(which: str) -> str:
        text = asked.show("id", type_id="digital_id")
        if which == "missing":
            return text
        bound, _, binding = text.rpartition("~")
        more = {"transaction_data_hashes": [digests(asked)[which]]}
        claims = json.loads(jws.parse(binding, max_bytes=10_000).payload) | more
        signer = consenting.land.holders[0]
        return f"{bound}~{jws.sign(json.dumps(claims).encode(), {'typ': 'kb+jwt'}, signer)}"

    assert refused(asked, key, {"id": [show(wrong)]})[-1] == "transaction_data_missing"
    assert asked.answer({"id": [show("")]}).status_code == 200


@pytest.mark.parametrize("wrong", [*WRONG, "not allowed"])
def test_v36_a_document_authorizes_by_an_element_of_its_device(
    consenting: City, wrong: str
) -> None:
    wish = [{**TEXT, "credential_ids": ["doc"]}]
    asked, key = ask(consenting, transaction_data=wish)
    allowed = KeyAuthorizations(data_elements={"example.consent": ("hashes",)})

    def show(which: str) -> str:
        may = None if which == "not allowed" else allowed
        document = issued(consenting, authorizations=may)
        if which == "missing":
            return shown(asked, issuer_signed=document)
        digest = base64url.decode(digests(asked).get(which) or digests(asked)[""])
        return shown(asked, issuer_signed=document, signs={"example.consent": {"hashes": [digest]}})

    codes = refused(asked, key, {"doc": [show(wrong)]})
    assert {"transaction_data_missing", "device_element"} & set(codes)
    assert asked.answer({"doc": [show("")]}).status_code == 200


@pytest.mark.parametrize(
    "wish",
    [
        {"type": "payment", "credential_ids": ["id"]},
        {"type": "consent", "credential_ids": ["id"]},
        {"type": "consent", "credential_ids": ["id"], "text": 1},
        {"type": "consent", "credential_ids": ["id"], "text": "a", "more": 1},
        {"type": "consent", "credential_ids": ["other"], "text": "a"},
    ],
    ids=str,
)
def test_only_transactions_of_a_registered_type_are_asked(
    consenting: City, wish: dict[str, Any]
) -> None:
    dcql = {"credentials": [sd_jwt(consenting)]}
    answer = consenting.ask({"dcql_query": dcql, "transaction_data": [wish]})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("transaction_data: ")
    assert stored(consenting) == []


def test_v38_a_refused_request_body_is_bounded(city: City) -> None:
    wish = {"dcql_query": {"credentials": [sd_jwt(city, f"c{n}") for n in range(33)]}}
    assert city.ask(wish).status_code == 400
    deep: Any = {}
    for _ in range(40):
        deep = {"a": deep}
    assert city.ask({"dcql_query": deep}).status_code == 400
    headers = {"authorization": f"Bearer {city.key()}"}
    path = f"/{TENANT}/verifier/api/requests"
    for body in (
        b'{"purpose":"a","purpose":"b"}',
        b"\xff",
        b"[" * 100_000,
        json.dumps({}).encode(),
    ):
        assert city.client.post(path, content=body, headers=headers).status_code == 400
    assert stored(city) == []

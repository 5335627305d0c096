"""All that a DCQL query can say, asked of and answered to the running service (section 6)."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509

from madang.core.encoding import base64url
from tests.unit.verifier.mdocs import query as mdoc_query
from tests.unit.verifier.mdocs import shown as shown_mdoc
from tests.unit.verifier.world import TENANT, Asked, City, Land, open_city


@pytest.fixture
def city(land: Land) -> Iterator[City]:
    with open_city(land, ask_outside_registry=frozenset({TENANT})) as opened:
        yield opened


def digital_id(city: City, name: str = "id", **more: object) -> dict[str, Any]:
    vct = city.deps.catalogue.vct(city.deps.addresses, "digital_id")
    claims = [{"id": "n", "path": ["name"]}, {"id": "b", "path": ["birthdate"]}]
    meta = {"vct_values": [vct]}
    return {"id": name, "format": "dc+sd-jwt", "meta": meta, "claims": claims, **more}


def ask(city: City, *credentials: dict[str, Any]) -> tuple[Asked, str]:
    key = city.key()
    answer = city.ask({"dcql_query": {"credentials": list(credentials)}}, key=key)
    assert answer.status_code == 201, answer.text
    return city.asked(answer.json()), key


def refused(asked: Asked, key: str, *texts: str) -> list[str]:
    """Answer badly; return what the agency is told."""
    assert asked.answer({"id": texts}).status_code == 400
    told = asked.city.told(asked.id, key).json()
    assert (told["state"], told["result"]) == ("open", None)
    return [each["code"] for each in told["reasons"]]


def proved(asked: Asked, key: str, *texts: str) -> list[dict[str, Any]]:
    """Answer well; return what the agency is told of each credential."""
    assert asked.answer({"id": texts}).status_code == 200
    found: list[dict[str, Any]] = asked.city.told(asked.id, key).json()["result"]["credentials"]
    return found


def show(asked: Asked, *drop: str, holder: int = 0) -> str:
    paths = [(each,) for each in drop]
    return asked.show("id", type_id="digital_id", drop=paths, holder=holder)


def unbound(text: str) -> str:
    """Take the proof of the holder's key away."""
    return f"{text.rpartition('~')[0]}~"


def test_any_of_the_claim_sets_will_do_and_less_will_not(city: City) -> None:
    asked, key = ask(city, digital_id(city, claim_sets=[["n", "b"], ["b"]]))
    assert "claim_missing" in refused(asked, key, show(asked, "birthdate"))
    (found,) = proved(asked, key, show(asked, "name"))
    assert [*found["claims"]] == ["birthdate"]


def test_several_are_taken_where_the_query_says_so(city: City) -> None:
    asked, key = ask(city, digital_id(city, multiple=True))
    assert len(proved(asked, key, show(asked), show(asked))) == 2


def test_of_several_each_is_verified(city: City) -> None:
    asked, key = ask(city, digital_id(city, multiple=True))
    assert "claim_missing" in refused(asked, key, show(asked), show(asked, "name"))
    assert "key_binding_signature" in refused(asked, key, show(asked), show(asked, holder=1))


def test_no_holder_is_proved_where_the_query_wants_none(city: City) -> None:
    asked, key = ask(city, digital_id(city, require_cryptographic_holder_binding=False))
    (found,) = proved(asked, key, unbound(show(asked)))
    assert found["holder"] is None


def test_who_proves_a_key_all_the_same_has_to_prove_it_well(city: City) -> None:
    asked, key = ask(city, digital_id(city, require_cryptographic_holder_binding=False))
    other = asked.show("id", type_id="digital_id", nonce="another")
    assert refused(asked, key, other) == ["key_binding_nonce"]


def issuers_authority(city: City) -> str:
    leaf = x509.load_der_x509_certificate(city.land.keys.chain(TENANT, "issuer")[0])
    found = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert found.key_identifier is not None
    return base64url.encode(found.key_identifier)


def under(*values: str) -> dict[str, Any]:
    return {"trusted_authorities": [{"type": "aki", "values": [*values]}]}


def test_only_issuers_under_the_named_key_count(city: City) -> None:
    good = under("AAAA", issuers_authority(city))
    asked, key = ask(city, digital_id(city, **good))
    assert len(proved(asked, key, show(asked))) == 1
    other, key = ask(city, digital_id(city, **under("AAAA")))
    assert refused(other, key, show(other)) == ["authority_not_accepted"]


def test_only_documents_under_the_named_key_count(city: City) -> None:
    good = under(issuers_authority(city))
    asked, key = ask(city, mdoc_query(city) | good | {"id": "id"})
    assert len(proved(asked, key, shown_mdoc(asked, query_id="id"))) == 1
    other, key = ask(city, mdoc_query(city) | under("AAAA") | {"id": "id"})
    assert refused(other, key, shown_mdoc(other, query_id="id")) == ["authority_not_accepted"]

"""What the verifier knows of types is what issuers serve; a corrected text refuses nobody."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from madang.core.catalog import metadata
from madang.core.catalog.certificate_type import TypeId
from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.formats.sd_jwt.type_metadata import integrity
from tests.unit.madang.core.formats.mdoc.changing import signed_again
from tests.unit.verifier import mdocs
from tests.unit.verifier.world import RENT_TYPES, TENANT, City
from verifier.presentations.types import known_documents, known_types


def test_every_type_of_the_catalogue_is_known_by_its_vct(city: City) -> None:
    known = known_types(city.deps.catalogue, city.deps.addresses)
    assert set(known) == {city.vct(type_id) for type_id in city.deps.catalogue.types}
    for vct, each in known.items():
        assert json.loads(each.document)["vct"] == vct == each.metadata.vct
        assert each.metadata.claims
    lease, vct = city.deps.catalogue.types[TypeId("lease")], city.vct("lease")
    assert known[vct].document == metadata.encode(lease, vct)


def served(city: City, type_id: str, names: Mapping[str, str] | None = None) -> str:
    """Return the hash of a type's document, or of that with other names."""
    kind = city.deps.catalogue.types[TypeId(type_id)]
    once = replace(kind, names={**kind.names, **(names or {})})
    return integrity(metadata.encode(once, city.vct(type_id)))


@pytest.mark.parametrize("names", [{}, {"en": "A translation that was corrected since"}])
def test_what_was_issued_under_a_text_since_corrected_still_counts(
    city: City, names: Mapping[str, str]
) -> None:
    asked = city.ask_eligibility()
    shown = {}
    for query_id, type_id in RENT_TYPES.items():
        hashed = served(city, type_id, names)
        assert (hashed == served(city, type_id)) is not bool(names)
        text = city.credential(type_id, **{"vct#integrity": hashed})
        shown[query_id] = asked.show(query_id, text)
    answer = asked.answer(asked.everything(**shown))
    assert (answer.status_code, city.state(asked, "eligibility")["failures"]) == (200, [])


def test_every_type_that_is_issued_as_an_mdoc_is_known_by_its_doc_type(city: City) -> None:
    catalogue = city.deps.catalogue
    kinds = [each for each in catalogue.types.values() if "mso_mdoc" in each.formats]
    known = known_documents(catalogue)
    assert set(known) == {catalogue.doc_type(each.id) for each in kinds}
    assert all(each.mandatory and each.metadata.claims for each in known.values())


def test_a_document_without_what_its_type_demands_is_refused(city: City) -> None:
    asked, good = city.ask_identity(), mdocs.issued(city)
    shown = mdocs.shown(asked, "digital_id-mdoc", issuer_signed=good)
    document = parse_issuer_signed(good)
    ((name_space, items),) = document.name_spaces.items()
    (lacking,) = [each for each in items if each.element_identifier == "region_code"]
    digests = dict(document.mso.value_digests[name_space])
    del digests[lacking.digest_id]
    by = city.land.keys.signer(TENANT, "issuer")
    few = signed_again(good, by, valueDigests={name_space: digests})
    bad = mdocs.shown(asked, "digital_id-mdoc", issuer_signed=few)
    assert asked.answer({"digital_id-mdoc": [bad]}).status_code == 400
    assert city.state(asked)["failures"] == ["claim_mandatory"]
    assert asked.answer({"digital_id-mdoc": [shown]}).status_code == 200

"""What the verifier knows of types is what issuers serve; a corrected text refuses nobody."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from madang.core.catalog import metadata
from madang.core.catalog.certificate_type import TypeId
from madang.core.formats.sd_jwt.type_metadata import integrity
from tests.unit.verifier.world import RENT_TYPES, City
from verifier.presentations.types import known_types


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

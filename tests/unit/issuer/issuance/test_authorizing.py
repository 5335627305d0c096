"""What a holder's key may sign beside the session."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from issuer.issuance.authorizing import key_authorizations
from issuer.settings import Settings
from madang.core.encoding import base64url
from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.formats.mdoc.mso import KeyAuthorizations
from madang.core.keys.signing import Signer
from madang.infra.transaction_types import TransactionTypesError, load_transaction_types
from tests.unit.issuer.world import World

ELEMENT = ["example.payment", "hashes"]


def types(tmp_path: Path, **elements: Any) -> Any:
    found = {name: {"members": {"sum": "string"}, "element": at} for name, at in elements.items()}
    file = tmp_path / "types.json"
    file.write_text(json.dumps({**found, "spoken": {"members": {"text": "string"}}}))
    return load_transaction_types(file)


def test_each_element_of_a_type_is_named_once(tmp_path: Path, world: World) -> None:
    consent = ["example.consent", "hashes"]
    again = ["example.payment", "another"]
    found = types(tmp_path, a=ELEMENT, b=ELEMENT, c=consent, d=again)
    assert key_authorizations(found, world.deps.catalogue) == KeyAuthorizations(
        data_elements={"example.consent": ("hashes",), "example.payment": ("another", "hashes")}
    )


def test_what_the_issuer_signs_no_holder_may(tmp_path: Path, world: World) -> None:
    own = [world.deps.catalogue.doc_type("digital_id"), "birthdate"]
    with pytest.raises(TransactionTypesError, match=r"digital_id\.1 birthdate is a certificate's"):
        key_authorizations(types(tmp_path, a=own), world.deps.catalogue)


def test_an_mdoc_carries_it_and_one_without_types_does_not(
    tmp_path: Path, world: World, holder_keys: Sequence[Signer]
) -> None:
    carried = []
    for known in (types(tmp_path, a=ELEMENT), {}):
        here = replace(world, deps=replace(world.deps, transaction_types=known)).rebuilt()
        token = here.redeem(here.offer(here.people()[0]))
        (got,) = here.fetch(token, "digital_id.mso_mdoc", holder_keys[:1]).json()["credentials"]
        mso = parse_issuer_signed(base64url.decode(got["credential"])).mso
        carried.append(mso.key_authorizations)
    assert carried == [
        KeyAuthorizations(data_elements={"example.payment": ("hashes",)}),
        KeyAuthorizations(),
    ]


def test_nobody_may_sign_anything_unless_a_file_says_so() -> None:
    assert Settings().transaction_types is None

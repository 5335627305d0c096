"""What test suites hold a real answer against: no name unknown to the texts, nothing that links."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.formats.mdoc.mso import MobileSecurityObject
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.verify import process
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from tests.unit.issuer.world import World

HOUR = 3600
LOGO = {"uri": None, "alt_text": None}
NAMED: Mapping[str, Any] = {"name": None, "locale": None}
CLAIM = {"path": None, "mandatory": None, "display": NAMED}
SHOWN = {**NAMED, "description": None, "logo": LOGO}
SEALED = {"enc_values_supported": None, "encryption_required": None}
KEY = dict.fromkeys(("kty", "crv", "x", "y", "use", "alg", "kid"))
CONFIGURATION = {
    "format": None,
    "scope": None,
    "vct": None,
    "doctype": None,
    "credential_signing_alg_values_supported": None,
    "cryptographic_binding_methods_supported": None,
    "proof_types_supported": {
        "*": {"proof_signing_alg_values_supported": None, "key_attestations_required": None}
    },
    "credential_metadata": {"display": SHOWN, "claims": CLAIM},
}
ISSUER = {
    "credential_issuer": None,
    "credential_endpoint": None,
    "nonce_endpoint": None,
    "deferred_credential_endpoint": None,
    "notification_endpoint": None,
    "credential_request_encryption": {"jwks": {"keys": KEY}, **SEALED},
    "credential_response_encryption": {"alg_values_supported": None, **SEALED},
    "batch_credential_issuance": {"batch_size": None},
    "display": {**NAMED, "logo": LOGO},
    "credential_configurations_supported": {"*": CONFIGURATION},
}
"""Members by the final text (section 12.2.4); None where nothing is below, `*` for any name."""
TYPE = {
    "vct": None,
    "name": None,
    "description": None,
    "display": {"locale": None, "name": None, "description": None, "rendering": {}},
    "claims": {
        "path": None,
        "mandatory": None,
        "sd": None,
        "display": {"locale": None, "label": None, "description": None},
    },
}
"""Members by SD-JWT VC section 6.2, those that we use."""


def unexpected(value: object, known: Any, place: str = "") -> Iterator[str]:
    """Yield where a member stands that the text does not name."""
    for each in value if isinstance(value, list) else ():
        yield from unexpected(each, known, place)
    if isinstance(value, dict) and known:
        for name, inner in value.items():
            if name not in known and "*" not in known:
                yield f"{place}/{name}"
            yield from unexpected(inner, known.get(name, known.get("*")), f"{place}/{name}")


@pytest.fixture
def keys() -> Sequence[Signer]:
    return [generate_p256(f"holder-{number}") for number in range(4)]


def addressed(value: object, path: Sequence[str | int | None]) -> list[object]:
    """Return what a path selects (SD-JWT VC section 9.1)."""
    found = [value]
    for step in path:
        if step is None:
            found = [each for array in found if isinstance(array, list) for each in array]
        else:
            found = [each[step] for each in found if isinstance(each, dict) and step in each]
    return found


def test_metadata_has_no_member_that_the_texts_do_not_name(world: World) -> None:
    metadata = world.metadata()
    assert [*unexpected(metadata, ISSUER)] == []
    assert {each["logo"]["alt_text"] for each in metadata["display"]} == {
        each["name"] for each in metadata["display"]
    }
    encryption = [f"credential_{way}_encryption" in metadata for way in ("request", "response")]
    assert encryption == [True, True]
    for each in metadata["credential_configurations_supported"].values():
        claims = each["credential_metadata"]["claims"]
        assert all(isinstance(step, str) for claim in claims for step in claim["path"])
        assert [*unexpected({"odd": 1}, CONFIGURATION)] == ["/odd"]
        if "vct" in each:
            document = world.client.get(each["vct"]).json()
            assert document["vct"] == each["vct"]
            assert [*unexpected(document, TYPE)] == []


def test_a_batch_is_what_its_type_says_and_cannot_be_linked(
    world: World, keys: Sequence[Signer]
) -> None:
    copies = [parse(each) for each in world.digital_id(world.people()[0], keys)]
    document = world.client.get(str(copies[0].payload["vct"])).json()
    assert len(copies) == len(keys)
    for copy in copies:
        assert all(copy.payload[name] % HOUR == 0 for name in ("iat", "exp"))
        whole = process(copy)
        for claim in document["claims"]:
            found = addressed(whole, claim["path"])
            assert found or not claim.get("mandatory")
            if len(claim["path"]) == 1 and found:
                clear = claim["path"][0] in copy.payload
                assert claim["sd"] in {"allowed", "never" if clear else "always"}
    salts = [each.salt for copy in copies for each in copy.disclosures]
    assert len({*salts}) == len(salts)
    unpredictable([copy.payload["status"]["status_list"] for copy in copies])


def unpredictable(places: Sequence[Mapping[str, Any]]) -> None:
    """Hold places in status lists to be each copy's own and no sequence."""
    indexes = [place["idx"] for place in places]
    assert len({(place["uri"], place["idx"]) for place in places}) == len(places)
    for order in (indexes, sorted(indexes)):
        assert len({after - before for before, after in pairwise(order)}) > 1


def test_the_same_holds_of_mdocs(world: World, keys: Sequence[Signer]) -> None:
    token = world.redeem(world.offer(world.people()[0]))
    answer = world.fetch(token, "digital_id.mso_mdoc", keys)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"credentials", "notification_id"}
    found = [mso_of(each["credential"]) for each in answer.json()["credentials"]]
    times = [(v.signed, v.valid_from, v.valid_until) for v in (each.validity for each in found)]
    assert all(moment % HOUR == 0 for each in times for moment in each)
    places = [each.status for each in found if each.status is not None]
    unpredictable([{"uri": place.uri, "idx": place.idx} for place in places])
    assert len(places) == len(keys)


def mso_of(credential: str) -> MobileSecurityObject:
    return parse_issuer_signed(base64url.decode(credential)).mso

"""What a verifier wants authorized: shown to the person, and bound by one credential."""

from pathlib import Path
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.mdoc.mso import KeyAuthorizations
from madang.core.formats.sd_jwt.model import parse
from madang.core.protocol.oid4vp.transaction_data import encode
from madang.core.protocol.oid4vp.transaction_data import parse as parse_transaction
from mobile_stub.settings import TransactionTypeSetting
from tests.unit.mobile_stub.verifiers import RESPONSE_URI, Shop, ask, mdoc_query, trusting
from tests.unit.mobile_stub.world import NAME_SPACE, World, query, run


def sets(*options: list[str], required: bool = True) -> dict[str, Any]:
    return {"options": [*options], "required": required}


PAYMENT = TransactionTypeSetting(
    members={"payee": "string"}, optional={"note": "string"}, element=(NAME_SPACE, "payments")
)


def payment(*ids: str, hashes: tuple[str, ...] = (), payee: str = "x") -> str:
    return encode("payment", ids, {"payee": payee}, hash_algorithms=hashes)


@pytest.fixture
def paying(world: World, tmp_path: Path) -> World:
    trusting(world, tmp_path, auto_consent=True, transaction_types={"payment": PAYMENT})
    world.hold("digital_id", "lease")
    return world


def bound(shop: Shop, name: str) -> dict[str, Any]:
    (presented,) = shop.opened()["vp_token"][name]
    return jws.claims(jws.parse(parse(presented).key_binding or ""))


def test_what_is_authorized_is_shown_and_bound_by_one_credential(paying: World) -> None:
    first = payment("lease", "digital_id")
    second = payment("lease", hashes=("sha-512", "sha-256"), payee="y")
    asked = query("digital_id", "lease")
    shop = Shop(paying.net, claims={"transaction_data": [first, second], "dcql_query": asked})
    opened = run(paying.wallet.open(f"openid4vp://?{shop.parameters()}"))
    assert [each["payee"] for each in opened.preview["transactions"]] == ["x", "y"]
    ask(paying, shop)
    digests = [parse_transaction(each).digest("sha-256") for each in (first, second)]
    assert bound(shop, "lease")["transaction_data_hashes"] == digests
    assert bound(shop, "lease")["transaction_data_hashes_alg"] == "sha-256"
    assert "transaction_data_hashes" not in bound(shop, "digital_id")


def test_a_hash_that_was_asked_for_is_used_and_named(paying: World) -> None:
    data = payment("digital_id", hashes=("sha-384",))
    shop = Shop(paying.net, claims={"transaction_data": [data]})
    ask(paying, shop)
    binding = bound(shop, "digital_id")
    assert binding["transaction_data_hashes"] == [parse_transaction(data).digest("sha-384")]
    assert binding["transaction_data_hashes_alg"] == "sha-384"


def test_hashes_that_exclude_one_another_authorize_nothing(paying: World) -> None:
    several = [payment("digital_id"), payment("digital_id", hashes=("sha-384",))]
    shop = Shop(paying.net, claims={"transaction_data": several})
    assert ask(paying, shop).json()["error"] == "transaction_hash"
    assert paying.net.posted(RESPONSE_URI) == []


def test_what_no_held_credential_may_authorize_is_declined(paying: World) -> None:
    asked = query("digital_id", "lease")
    asked["credentials"][1]["meta"]["vct_values"] = ["https://else.example/vct"]
    asked["credential_sets"] = [sets(["digital_id"]), sets(["lease"], required=False)]
    shop = Shop(paying.net, claims={"transaction_data": [payment("lease")], "dcql_query": asked})
    assert ask(paying, shop).json() == {"status": "declined"}


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "not allowed"])
def test_a_mobile_document_authorizes_by_an_element_of_its_device(
    *, allowed: bool, paying: World
) -> None:
    authorizations = KeyAuthorizations(name_spaces=(NAME_SPACE,)) if allowed else None
    paying.hold_mdoc(authorizations=authorizations)
    data = payment("mdoc")
    claims = {"transaction_data": [data], "dcql_query": mdoc_query()}
    shop = Shop(paying.net, claims=claims)
    done = ask(paying, shop).json()
    if not allowed:
        assert done["error"] == "transaction_element"
        assert paying.net.posted(RESPONSE_URI) == []
        return
    (presented,) = shop.opened()["vp_token"]["mdoc"]
    digest = base64url.decode(parse_transaction(data).digest())
    assert shop.elements_of(presented)["device"] == {NAME_SPACE: {"payments": [digest]}}


def test_what_a_document_may_not_authorize_another_certificate_does(paying: World) -> None:
    paying.hold_mdoc()
    either = mdoc_query()
    either["credentials"] += query("digital_id")["credentials"]
    data = payment("mdoc", "digital_id")
    shop = Shop(paying.net, claims={"transaction_data": [data], "dcql_query": either})
    assert ask(paying, shop).json()["status"] == "accepted"
    (document,) = shop.opened()["vp_token"]["mdoc"]
    assert shop.elements_of(document)["device"] == {}
    digests = [parse_transaction(data).digest()]
    assert bound(shop, "digital_id")["transaction_data_hashes"] == digests

"""A device that proves its key by a MAC instead of a signature."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.device_auth import Authenticate, by_mac
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from madang.core.keys.software import generate_p256
from madang.core.protocol.oid4vp.response import answer_form
from tests.unit.verifier import mdocs
from tests.unit.verifier.world import Asked, City

PURPOSE = {"purpose": "counter_identification"}


def mac(asked: Asked, reader: PublicKey) -> Authenticate:
    holder: Any = asked.city.land.holders[0]
    key: ec.EllipticCurvePrivateKey = holder._private_key  # the device's own half
    return by_mac(SoftwareAgreement(key), reader, mdocs.session_of(asked).transcript)


def test_a_mac_for_the_key_of_the_request_counts_and_for_another_it_does_not(city: City) -> None:
    asked = city.ask_identity()
    other = mac(asked, generate_p256("other").public_key)
    shown = mdocs.shown(asked, "digital_id-mdoc", authenticate=other)
    assert asked.answer({"digital_id-mdoc": [shown]}).status_code == 400
    assert "device_mac" in city.state(asked)["failures"]
    good = mac(asked, PublicKey.from_jwk(asked.key, use=ENCRYPTION))
    shown = mdocs.shown(asked, "digital_id-mdoc", authenticate=good)
    assert asked.answer({"digital_id-mdoc": [shown]}).status_code == 200
    assert city.state(asked)["state"] == "answered"


def test_in_the_clear_there_is_no_key_and_no_mac(city: City) -> None:
    key = city.key()
    asked = city.asked(city.ask({**PURPOSE, "response_mode": "direct_post"}, key=key).json())
    made = mac(asked, generate_p256("reader").public_key)
    shown = mdocs.shown(asked, "digital_id-mdoc", authenticate=made)
    answer = asked.post(answer_form(asked.request, {"digital_id-mdoc": [shown]}))
    assert answer.status_code == 400
    codes = [each["code"] for each in city.told(asked.id, key).json()["reasons"]]
    assert "device_mac_unexpected" in codes


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_a_signature_counts_in_every_mode(city: City, mode: str) -> None:
    key = city.key()
    asked = city.asked(city.ask({**PURPOSE, "response_mode": mode}, key=key).json())
    shown = {"digital_id-mdoc": [mdocs.shown(asked, "digital_id-mdoc")]}
    assert asked.post(answer_form(asked.request, shown)).status_code == 200
    (proved,) = city.told(asked.id, key).json()["result"]["credentials"]
    assert (proved["format"], proved["type"]) == ("mso_mdoc", "digital_id")

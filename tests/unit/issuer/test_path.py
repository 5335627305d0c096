"""The whole way: proofing, Digital ID, presentation, certificates."""

from collections.abc import Sequence

import pytest

from madang.core.keys.signing import Signer
from tests.unit.issuer.world import World


@pytest.fixture
def world(stored_world: World) -> World:
    return stored_world


def test_a_resident_gets_a_digital_id_and_then_certificates(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    person = world.people("lease", "income")[0]
    copies = world.digital_id(person, holder_keys)
    assert len(copies) == len(holder_keys)

    offered = world.certificates(copies[1], "lease", "household_income")
    assert offered.status_code == 201, offered.text
    token = world.redeem(offered.json())
    for type_id in ("lease", "household_income"):
        answer = world.fetch(token, type_id, holder_keys)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["credentials"]) == len(holder_keys)
    state = world.call("GET", f"offers/{offered.json()['offer_id']}").json()
    assert state == {
        "state": "issued",
        "issued": [
            {"credential_configuration_id": "lease", "count": 4},
            {"credential_configuration_id": "household_income", "count": 4},
        ],
    }

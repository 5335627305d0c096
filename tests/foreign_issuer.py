"""An issuer behind a real port, for clients that others wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from madang.core.encoding import base64url
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.infra.clock import SystemClock
from tests.authorizing import Stage, stage
from tests.serving import free_port, serving


@contextmanager
def listening(folder: Path) -> Iterator[Stage]:
    """Serve an issuer by the machine's clock while the block lasts."""
    port = free_port()
    origins = {"issuer": f"http://127.0.0.1:{port}"}
    with (
        stage(folder, clock=SystemClock(), origins=origins, allow_loopback_http=True) as opened,
        serving(opened.world.client.app, port),
    ):
        yield opened


def browse(on: Stage, address: str) -> str:
    """Open an address in a browser, agree there, and return where the browser comes back to."""
    answer = httpx.get(address)
    assert answer.status_code == 303, answer.text
    assert on.cookie in answer.cookies
    return on.approve(answer.headers["location"].rpartition("/")[2])


def credential_request(on: Stage) -> dict[str, object]:
    """Return a request whose key proof holds; a good token is told what is wrong with the key."""
    nonce = httpx.post(f"{on.issuer}/nonce").json()["c_nonce"]
    proofs = on.world.proofs([generate_p256("h")], nonce)
    return CredentialRequest("lease", None, proofs).to_json()


GOOD = "credential_request_denied"
"""What a good token gets in these tests: the proved key holds no Digital ID of the resident."""


def private_jwk(signer: SoftwareSigner) -> dict[str, str]:
    number = signer._private_key.private_numbers().private_value  # type: ignore[union-attr]
    return {**signer.public_key.to_jwk(), "d": base64url.encode(number.to_bytes(32)), "kid": "k1"}

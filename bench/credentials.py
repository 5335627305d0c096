"""SD-JWT VC beside `openssl speed`: issue, and verify with key binding."""

import os
import re
import subprocess

from bench.measure import Row, rates, row
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue, salts_from
from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.formats.sd_jwt.present import present
from madang.core.formats.sd_jwt.vc import Expectation, verify_text
from madang.core.keys.software import generate_p256

CLAIMS = 12
NOW = 1_800_000_000
ISSUER = "https://issuer.example/issuer"
VCT = f"{ISSUER}/vct/sample/1"
_SPEED = re.compile(r"nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)")


def openssl_speed() -> tuple[float, float]:
    """Return P-256 signatures and verifications per second of one core."""
    command = ["openssl", "speed", "-seconds", "2", "ecdsap256"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = _SPEED.search(output)
    if found is None:
        raise RuntimeError("openssl speed printed no line for nistp256")
    return float(found[1]), float(found[2])


def credential_rows() -> list[Row]:
    """Measure issuing and verifying."""
    signing, verifying = openssl_speed()
    issuer, holder = generate_p256("issuer"), generate_p256("holder")
    names = [f"claim_{number}" for number in range(CLAIMS)]
    claims = {
        "iss": ISSUER,
        "vct": VCT,
        "iat": NOW,
        "exp": NOW + 1000,
        "cnf": {"jwk": holder.public_key.to_jwk()},
        **{name: f"value of {name}" for name in names},
    }
    frame = SdFrame.of([(name,) for name in names])
    header = {"typ": "dc+sd-jwt"}

    def issued() -> str:
        salts = salts_from(os.urandom(16 * CLAIMS))
        return issue(claims, frame, signer=issuer, header=header, salts=salts).compact

    shown = present(
        issued(),
        [(name,) for name in names],
        holder=holder,
        audience="verifier",
        nonce="nonce",
        issued_at=NOW,
    )
    binding = BindingExpectation("verifier", "nonce")
    expected = Expectation((VCT,), ISSUER, binding)

    def verified() -> None:
        if not verify_text(shown, expected, issuer_key=issuer.public_key, now=NOW).ok:
            raise RuntimeError("the sample does not verify")

    return [
        row(
            f"SD-JWT VC issue, {CLAIMS} claims",
            rates(issued),
            "/s",
            ("openssl P-256 sign", signing),
            "0.33",
        ),
        row(
            f"SD-JWT VC verify with key binding, {CLAIMS} claims",
            rates(verified),
            "/s",
            ("half of openssl P-256 verify", verifying / 2),
            "0.50",
        ),
    ]

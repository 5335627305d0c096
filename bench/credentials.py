"""SD-JWT VC beside `openssl speed`: issue, and verify with key binding."""

import os
import re
import subprocess
from collections.abc import Callable
from statistics import median
from typing import Any

from bench.measure import RUNS, Row, rates, row
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import SALT_BYTES, Issued, issue_copies, salts_from
from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.formats.sd_jwt.present import present
from madang.core.formats.sd_jwt.vc import Expectation, verify_text
from madang.core.keys.software import generate_p256

CLAIMS = 12
COPIES = 4
"""As many as the issuer makes at once unless its settings say otherwise."""
NOW = 1_800_000_000
ISSUER = "https://issuer.example/issuer"
VCT = f"{ISSUER}/vct/sample/1"
BINDING = BindingExpectation("verifier", "nonce")
_SPEED = re.compile(r"nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)")


def openssl_speed() -> tuple[float, float]:
    """Return P-256 signatures and verifications per second of one core."""
    command = ["openssl", "speed", "-seconds", "1", "ecdsap256"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = _SPEED.search(output)
    if found is None:
        raise RuntimeError("openssl speed printed no line for nistp256")
    return float(found[1]), float(found[2])


class Beside:
    """Takes turns with `openssl speed`, so that both meet the same weather."""

    def __init__(self) -> None:
        self._bounds = [openssl_speed()]

    def rates(self, work: Callable[[], object], each: int = 1) -> list[float]:
        """Return rates of a work that makes `each` things."""
        found = []
        for _ in range(RUNS):
            found += [each * rate for rate in rates(work, runs=1)]
            self._bounds.append(openssl_speed())
        return found

    def sign(self) -> tuple[str, float]:
        """Return the bound of issuing."""
        return "openssl P-256 sign", median(sign for sign, _ in self._bounds)

    def verify(self) -> tuple[str, float]:
        """Return the bound of two verifications."""
        return "half of openssl P-256 verify", median(verify for _, verify in self._bounds) / 2


class Sample:
    """A credential of twelve claims, all of them disclosable."""

    def __init__(self) -> None:
        self.issuer, self.holder = generate_p256("issuer"), generate_p256("holder")
        self.keys = [generate_p256("holder").public_key.to_jwk() for _ in range(COPIES)]
        self.names = [f"claim_{number}" for number in range(CLAIMS)]
        times = {"iat": NOW, "exp": NOW + 1000}
        values = {name: f"value of {name}" for name in self.names}
        self.claims: dict[str, Any] = {"iss": ISSUER, "vct": VCT, **times, **values}
        self.frame = SdFrame.of([(name,) for name in self.names])

    def copies(self, keys: list[dict[str, str]]) -> tuple[Issued, ...]:
        """Issue one copy for each key."""
        return issue_copies(
            self.claims,
            self.frame,
            [{"cnf": {"jwk": key}} for key in keys],
            signer=self.issuer,
            header={"typ": "dc+sd-jwt"},
            salts=salts_from(os.urandom(SALT_BYTES * CLAIMS * len(keys))),
        )

    def shown(self) -> str:
        """Return a presentation of every claim."""
        return present(
            self.copies([self.holder.public_key.to_jwk()])[0].compact,
            [(name,) for name in self.names],
            holder=self.holder,
            audience="verifier",
            nonce="nonce",
            issued_at=NOW,
        )


def credential_rows() -> list[Row]:
    """Measure issuing and verifying."""
    sample, beside = Sample(), Beside()
    shown, expected = sample.shown(), Expectation((VCT,), ISSUER, BINDING)

    def verified() -> None:
        if not verify_text(shown, expected, issuer_key=sample.issuer.public_key, now=NOW).ok:
            raise RuntimeError("the sample does not verify")

    together = beside.rates(lambda: sample.copies(sample.keys), COPIES)
    alone = beside.rates(lambda: sample.copies(sample.keys[:1]))
    checked = beside.rates(verified)
    what = f"SD-JWT VC issue, {CLAIMS} claims"
    return [
        row(f"{what}, {COPIES} copies at once", together, "/s", beside.sign(), "0.33"),
        row(f"{what}, one copy", alone, "/s", beside.sign()),
        row(
            f"SD-JWT VC verify with key binding, {CLAIMS} claims",
            checked,
            "/s",
            beside.verify(),
            "0.50",
        ),
    ]

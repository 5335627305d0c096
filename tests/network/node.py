"""The real ledger node as a process, on the network instead of its own engine."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from madang.access import service_token
from madang.access.service_token import Call
from madang.cli.city import CityPlan
from madang.core.encoding import base64url
from madang.core.merkle.checkpoint import parse_note
from madang.infra.clock import SystemClock
from madang.infra.setup import keystore

TENANT, OTHER = "hanbit", "saebyeol"
SECONDS = 60.0


@dataclass
class LedgerNode:
    """One ledger node.

    Attributes:
        plan: the city it belongs to.
        rpc_urls: the validators it may speak to, in this order.
        chain_id: of the network.
        handed: how many entries were handed over.
    """

    plan: CityPlan
    rpc_urls: Sequence[str]
    chain_id: int
    handed: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def log_file(self) -> Path:
        return self.plan.state / "log.txt"

    def start(self) -> None:
        program = next(each for each in self.plan.services() if each.name == "log")
        chain = {
            "MADANG_RPC_URLS": json.dumps(list(self.rpc_urls)),
            "MADANG_CHAIN_ID": str(self.chain_id),
        }
        with self.log_file.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *program.arguments],
                env={**os.environ, **program.environment, **chain},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(program.health, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(self.log_file.read_text("utf-8")[-2000:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def _address(self, tenant: str) -> str:
        return self.plan.addresses.identifier(tenant, "log")

    def append(self, tenant: str, count: int) -> float:
        """Hand over entries as the issuer does; return the seconds of the answer."""
        office = self.plan.addresses.identifier(tenant, "issuer")
        entries = [
            {
                "key": f"credential-{number}",
                "kind": "credential",
                "commitment": base64url.encode(sha256(number.to_bytes(8)).digest()),
                "issuer": office,
                "hour": 1_795_000_000 // 3600 * 3600,
            }
            for number in range(self.handed, self.handed + count)
        ]
        self.handed += count
        url = f"{self._address(tenant)}/entries"
        body = json.dumps({"entries": entries}).encode()
        token = service_token.make(
            keystore(self.plan.settings).signer(tenant, "service-issuer"),
            Call(self._address(tenant), "POST", httpx.URL(url).raw_path.decode(), body),
            issuer=office,
            actor="issuer",
            roles=(),
            now=SystemClock().now(),
        )
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        begun = time.monotonic()
        answer = httpx.post(url, content=body, headers=headers, timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text
        return time.monotonic() - begun

    def published(self, tenant: str) -> int:
        """Return the size of the newest signed checkpoint."""
        answer = httpx.get(f"{self._address(tenant)}/checkpoint", trust_env=False)
        return parse_note(answer.text).checkpoint.size

    def wait_published(self, tenant: str, size: int, seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while self.published(tenant) < size:
            assert time.monotonic() < deadline, f"{self.published(tenant)} of {size} published"
            time.sleep(0.1)

    def anchor(self, tenant: str, size: int) -> Any | None:
        """Return the anchored head that covers so many entries; None if there is none yet."""
        answer = httpx.get(f"{self._address(tenant)}/anchors/{size}", trust_env=False)
        found = answer.json() if answer.status_code == 200 else None
        return found if found is not None and found["state"] == "anchored" else None

    def wait_anchored(self, tenant: str, size: int, seconds: float = SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while (found := self.anchor(tenant, size)) is None:
            assert time.monotonic() < deadline, self.log_file.read_text("utf-8")[-2000:]
            time.sleep(0.1)
        return found

    def health(self) -> Any:
        return httpx.get(f"{self.plan.origins['log']}/health", trust_env=False).json()

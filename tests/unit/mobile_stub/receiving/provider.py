"""A wallet provider that checks all that a wallet sends; what several twins share."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import httpx

from madang.core.keys.jwk import PublicKey
from madang.core.protocol import wallet_provider
from madang.core.protocol.oauth import client_attestation
from madang.core.protocol.oid4vci.key_attestation import (
    KeyAttestation,
    make_key_attestation,
)
from madang.core.protocol.typed_jwt import Window
from mobile_stub.adapters import system
from tests.unit.mobile_stub.world import (
    HOST,
    Net,
    authority,
    certified,
)

PROVIDER = "https://wallet.example/hanbit/wallet"
PROVIDER_ROOT, PROVIDER_BELOW = authority("provider")
PROVIDER_KEY = certified(PROVIDER_BELOW, PROVIDER)
CLIENT = "attested-wallet"
REDIRECT = "http://127.0.0.1:8410/callback"
OTHER_SERVER = f"{HOST}/hanbit/login"
PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
Answer = tuple[int, Any, dict[str, str]]


def window() -> Window:
    """Return when what is signed counts: tests may take their time."""
    return Window(system.now(), 86_400, 60)


def form_of(request: httpx.Request) -> dict[str, str]:
    fields = parse_qs(request.content.decode(), strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: values[0] for name, values in fields.items()}


@dataclass
class ProviderTwin:
    """A wallet provider; `key_seconds` is how long its attestations of keys last."""

    net: Net
    seconds: int = 3600
    instances: dict[PublicKey, str] = field(default_factory=dict)
    attested: list[PublicKey] = field(default_factory=list)
    refuse: str | None = None

    def __post_init__(self) -> None:
        self._nonces, self._given = count(), set[str]()
        for path, answer in {
            "/nonce": self._nonce,
            "/instances": self._instance,
            "/attestations/wallet": self._wallet,
            "/attestations/key": self._key,
        }.items():
            self.net.routes["POST", PROVIDER + path] = answer

    def _nonce(self, _request: httpx.Request) -> Answer:
        nonce = f"provider-{next(self._nonces)}"
        self._given.add(nonce)
        return 200, {"nonce": nonce, "expires_in": 60}, {}

    def _proved(self, request: httpx.Request, body: dict[str, Any]) -> list[PublicKey]:
        types = wallet_provider.INSTANCE_PROOF, wallet_provider.KEY_PROOF
        proofs = [body["proof"]], body.get("key_proofs") or [body.get("key_proof")]
        found = [
            wallet_provider.check_proof(
                proof, typ, endpoint=str(request.url), window=window(), refuse=AssertionError
            )
            for typ, several in zip(types, proofs, strict=True)
            for proof in several
            if proof is not None
        ]
        nonces = {each.nonce for each in found}
        assert len(nonces) == 1
        self._given.remove(str(nonces.pop()))
        return [each.key for each in found]

    def _instance(self, request: httpx.Request) -> Answer:
        (key,) = self._proved(request, json.loads(request.content))
        name = self.instances.setdefault(key, f"instance-{len(self.instances)}")
        return 201, {"instance": name, "revocation_code": "secret", "client_id": CLIENT}, {}

    def _refused(self) -> Answer:
        return 403, {"error": self.refuse, "error_description": "no"}, {}

    def _wallet(self, request: httpx.Request) -> Answer:
        if self.refuse is not None:
            return self._refused()
        instance, key = self._proved(request, json.loads(request.content))
        assert instance in self.instances
        self.attested.append(key)
        ends = system.now() + self.seconds
        made = client_attestation.make_attestation(
            PROVIDER_KEY,
            client_id=CLIENT,
            key=key,
            issued_at=system.now(),
            expires_at=ends,
            claims={"iss": PROVIDER},
        )
        return 200, {"attestation": made, "expires_at": ends}, {}

    def _key(self, request: httpx.Request) -> Answer:
        if self.refuse is not None:
            return self._refused()
        body = json.loads(request.content)
        instance, *keys = self._proved(request, body)
        assert instance in self.instances
        ends = system.now() + 600
        attestation = KeyAttestation(
            tuple(keys), ("iso_18045_basic",), ("iso_18045_basic",), body.get("nonce"), ends
        )
        made = make_key_attestation(attestation, PROVIDER_KEY, issued_at=system.now())
        return 200, {"attestation": made, "expires_at": ends}, {}

"""What a service sends to a log proves who calls, for which log and with which entries."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, Request

from madang.access.log_calls import log_authorization, log_over
from madang.access.service_token import Call, ServiceIdentity, ServiceTokenError, verify
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import generate_p256
from madang.core.merkle.entry import EntryKind
from madang.infra.clock import FixedClock
from madang.infra.http import HttpxClient
from madang.infra.log_client import AppendEntry
from tests.unit.madang.access.conftest import ADDRESSES, NOW, OTHER, TENANT

URL = f"{ADDRESSES.identifier(TENANT, 'log')}/entries"
CALLER = ADDRESSES.identifier(TENANT, "verifier")
SIGNER = generate_p256("service")


class Keys:
    def key(self, issuer: str) -> PublicKey | None:
        return SIGNER.public_key if issuer == CALLER else None


AUTHORIZE = log_authorization("verifier", ADDRESSES, lambda _: SIGNER, FixedClock(NOW))


def caller(headers: Any, audience: str, path: str, body: bytes) -> ServiceIdentity:
    token = headers["authorization"].removeprefix("Bearer ")
    return verify(token, Call(audience, "POST", path, body), Keys(), now=NOW)


def test_a_call_names_the_service_and_nobody_of_the_staff() -> None:
    headers = AUTHORIZE(TENANT, "POST", URL, b"{}")
    found = caller(headers, ADDRESSES.identifier(TENANT, "log"), f"/{TENANT}/log/entries", b"{}")
    assert found == ServiceIdentity(CALLER, "verifier", frozenset(), found.token_id)


@pytest.mark.parametrize(
    ("tenant", "path", "body", "code"),
    [
        (OTHER, f"/{TENANT}/log/entries", b"{}", "token_audience"),
        (TENANT, f"/{TENANT}/log/checkpoint", b"{}", "token_request"),
        (TENANT, f"/{TENANT}/log/entries", b"{ }", "token_request"),
    ],
)
def test_it_is_good_for_that_call_alone(tenant: str, path: str, body: bytes, code: str) -> None:
    headers = AUTHORIZE(TENANT, "POST", URL, b"{}")
    with pytest.raises(ServiceTokenError) as error:
        caller(headers, ADDRESSES.identifier(tenant, "log"), path, body)
    assert error.value.code == code


def test_each_municipality_has_its_own_log_and_signs_with_its_own_key() -> None:
    seen, signers = [], []
    app = FastAPI()

    @app.post("/{tenant}/log/entries")
    async def append(request: Request, tenant: str) -> Any:
        audience = ADDRESSES.identifier(tenant, "log")
        body = await request.body()
        seen.append(caller(request.headers, audience, request.url.path, body).issuer)
        return {"entries": [{"key": "k", "index": 0}]}

    def signer(tenant: str) -> Any:
        signers.append(tenant)
        return SIGNER

    authorize = log_authorization("verifier", ADDRESSES, signer, FixedClock(NOW))
    origin = ADDRESSES.identifier(TENANT, "log").removesuffix(f"/{TENANT}/log")
    log = log_over(HttpxClient(apps={origin: app}), ADDRESSES, authorize)
    entry = AppendEntry("k", EntryKind.RULE, bytes(32), CALLER, 0)
    assert asyncio.run(log.append(TENANT, [entry])) == {"k": 0}
    assert (seen, signers) == ([CALLER], [TENANT])

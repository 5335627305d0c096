"""Calls to the logs in a service's name: each append carries a service token."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from madang.access.service_token import Call, make
from madang.core.keys.signing import Signer
from madang.infra.clock import Clock
from madang.infra.http import HttpClient
from madang.infra.log_client import Authorize, HttpLogClient, LogClient
from madang.infra.tenancy import Addresses

LOG = "log"


def log_authorization(
    service: str, addresses: Addresses, signer: Callable[[str], Signer], clock: Clock
) -> Authorize:
    """Return what makes the headers of a call to a log.

    Args:
        service: who calls, and for whom: no member of staff stands behind it.
        addresses: identifiers.
        signer: a municipality's key for calls of this service.
        clock: tells the time.
    """

    def authorize(tenant: str, method: str, url: str, body: bytes) -> Mapping[str, str]:
        call = Call(addresses.identifier(tenant, LOG), method, urlsplit(url).path, body)
        caller = addresses.identifier(tenant, service)
        token = make(signer(tenant), call, issuer=caller, actor=service, roles=(), now=clock.now())
        return {"authorization": f"Bearer {token}"}

    return authorize


def log_over(http: HttpClient, addresses: Addresses, authorize: Authorize) -> LogClient:
    """Return the logs of all municipalities behind HTTP."""
    return HttpLogClient(http, lambda tenant: addresses.identifier(tenant, LOG), authorize)

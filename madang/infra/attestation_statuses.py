"""Whether an attestation of a wallet provider was revoked, by the provider's own status list.

A list counts when the chain of its signature leads to one of the anchors by which attestations
count. It is kept as long as its provider allows; what cannot be fetched or read is not valid.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import checker_for
from madang.core.protocol.urls import is_web_address
from madang.core.status import token_jwt
from madang.core.status.errors import StatusError
from madang.core.status.token_status_list import VALID, StatusList
from madang.core.trust.x509 import ChainError, validate_chain
from madang.infra.clock import Clock
from madang.infra.http import HttpClient, HttpError

LISTS_KEPT: Final = 64
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class StatusBounds:
    """What is accepted and kept.

    Attributes:
        list_bytes: largest list, also when unpacked.
        seconds: longest time that a list is used without asking again, whatever it allows.
        allow_loopback_http: accept http addresses on this machine; for a first run only.
    """

    list_bytes: int = 1_000_000
    seconds: int = 60
    allow_loopback_http: bool = False


class AttestationStatuses:
    """Asks providers' lists.

    Args:
        http: fetches them.
        clock: tells the time.
        anchors: DER of the roots of the providers.
        bounds: what is accepted and kept.

    Attributes:
        anchors: as given.
    """

    def __init__(
        self, http: HttpClient, clock: Clock, anchors: Sequence[bytes], bounds: StatusBounds
    ) -> None:
        self.anchors = tuple(anchors)
        self._http = http
        self._clock = clock
        self._bounds = bounds
        self._kept: OrderedDict[str, tuple[int, StatusList]] = OrderedDict()

    async def valid(self, uri: str, index: int) -> bool:
        """Tell whether an attestation stands in its list as valid; False where that is not known.

        Args:
            uri: of the list, from the attestation.
            index: of the attestation in it.
        """
        try:
            return (await self._list(uri)).get(index) == VALID
        except (StatusError, HttpError, EnvelopeError, ChainError):
            return False

    async def _list(self, uri: str) -> StatusList:
        now = self._clock.now()
        until, found = self._kept.get(uri, (0, None))
        if found is not None and now < until <= now + self._bounds.seconds:
            return found
        fresh, until = self._read(uri, await self._fetched(uri), now)
        self._kept[uri] = until, fresh
        self._kept.move_to_end(uri)
        while len(self._kept) > LISTS_KEPT:
            self._kept.popitem(last=False)
        return fresh

    async def _fetched(self, uri: str) -> bytes:
        if not is_web_address(uri, allow_loopback_http=self._bounds.allow_loopback_http):
            raise HttpError("a status list is at an https address")
        headers = {"accept": token_jwt.MEDIA_TYPE}
        answer = await self._http.request("GET", uri, headers=headers)
        if answer.status != _OK:
            raise HttpError(f"the list's address answered {answer.status}")
        return answer.body

    def _read(self, uri: str, data: bytes, now: int) -> tuple[StatusList, int]:
        most = self._bounds.list_bytes
        parsed = token_jwt.parse(data, max_bytes=most)
        key = validate_chain(jws.decode_chain(parsed.header), self.anchors, now=now)
        checker = checker_for(key)
        token = token_jwt.verify(parsed, uri=uri, checker=checker, now=now, max_bytes=most)
        allowed = [self._bounds.seconds]
        allowed += [] if token.ttl is None else [token.ttl]
        allowed += [] if token.expires_at is None else [token.expires_at - now]
        return token.packed.unpack(max_bytes=most), now + min(allowed)

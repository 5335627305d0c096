"""A provider's list says what was revoked; what cannot be known is not valid."""

import asyncio
from collections.abc import Mapping

import pytest

from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519
from madang.core.status import token_jwt
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import INVALID, StatusList
from madang.infra.attestation_statuses import AttestationStatuses, StatusBounds
from madang.infra.clock import FixedClock
from madang.infra.http import Answer, HttpError
from tests.fuzz.world import NOW, ROOT_DER, SIGNER

LIST = "https://provider.example/lists/1"


class Network:
    """One list, or nobody."""

    def __init__(self, body: bytes | None, status: int = 200) -> None:
        self.body, self.status, self.asked = body, status, 0

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        assert (method, url, content) == ("GET", LIST, None)
        assert headers is not None
        self.asked += 1
        if self.body is None:
            raise HttpError("nobody is there")
        return Answer(self.status, {}, self.body)


def token(uri: str = LIST, signer: Signer = SIGNER, expires_at: int = NOW + 600) -> bytes:
    statuses = StatusList.of_size(16, 1)
    statuses.set(3, INVALID)
    made = StatusListToken(uri, NOW, expires_at, 30, statuses.pack())
    return token_jwt.encode(made, signer).encode()


def statuses(network: Network, clock: FixedClock | None = None) -> AttestationStatuses:
    return AttestationStatuses(network, clock or FixedClock(NOW), (ROOT_DER,), StatusBounds())


def test_the_list_says_which_were_revoked() -> None:
    known = statuses(Network(token()))
    assert asyncio.run(known.valid(LIST, 2))
    assert not asyncio.run(known.valid(LIST, 3))
    assert not asyncio.run(known.valid(LIST, 16))


def test_a_list_is_used_as_long_as_it_allows() -> None:
    network, clock = Network(token()), FixedClock(NOW)
    known = statuses(network, clock)
    for seconds, asked in ((0, 1), (29, 1), (1, 2)):
        clock.advance(seconds)
        assert asyncio.run(known.valid(LIST, 0))
        assert network.asked == asked
    clock.advance(30)
    network.body = None
    assert not asyncio.run(known.valid(LIST, 0))


def test_a_list_is_not_used_beyond_its_end() -> None:
    network, clock = Network(token(expires_at=NOW + 10)), FixedClock(NOW)
    known = statuses(network, clock)
    assert asyncio.run(known.valid(LIST, 0))
    clock.advance(10)
    assert not asyncio.run(known.valid(LIST, 0))


@pytest.mark.parametrize(
    "network",
    [
        Network(None),
        Network(b""),
        Network(b"a.b.c"),
        Network(token(), status=404),
        Network(token("https://provider.example/lists/2")),
        Network(token(signer=generate_ed25519("x"))),
        Network(token(expires_at=NOW)),
        Network(token()[:-4] + b"AAAA"),
    ],
    ids=["nobody", "empty", "no list", "404", "another list", "stranger", "expired", "altered"],
)
def test_what_cannot_be_known_is_not_valid(network: Network) -> None:
    assert not asyncio.run(statuses(network).valid(LIST, 0))


def test_only_https_is_asked() -> None:
    network = Network(token())
    assert not asyncio.run(statuses(network).valid("http://provider.example/lists/1", 0))
    assert network.asked == 0

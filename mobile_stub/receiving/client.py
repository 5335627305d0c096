"""How the wallet makes itself known to an authorization server.

One key for each server: no two of them find out that they talk to the same wallet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.signing import Signer
from madang.core.protocol.oauth.client_assertion import make_assertion
from madang.core.protocol.oauth.client_attestation import make_pop
from madang.core.protocol.oauth.metadata import AuthorizationServerMetadata
from madang.core.protocol.oauth.names import (
    ASSERTION_TYPE,
    ATTEST_JWT_CLIENT_AUTH,
    CLIENT_ATTESTATION,
    CLIENT_ATTESTATION_CHALLENGE,
    CLIENT_ATTESTATION_POP,
    NONE,
    PRIVATE_KEY_JWT,
)
from mobile_stub.adapters import system
from mobile_stub.adapters.network import Network, Reply
from mobile_stub.errors import WalletError
from mobile_stub.receiving.provider import Attested, Provider

ANONYMOUS: Final = "anonymous"
"""No client at all, where the server takes pre-authorized codes from anybody (section 6.1)."""
OK: Final = 200


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a request carries so that the server knows the client.

    Attributes:
        form: parameters of the body.
        headers: of the request.
    """

    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Client(Protocol):
    """A client as one authorization server knows it.

    Attributes:
        method: its authentication method, or `ANONYMOUS`.
        client_id: None for an anonymous one.
    """

    @property
    def method(self) -> str:
        """Return its authentication method, or `ANONYMOUS`."""
        ...

    @property
    def client_id(self) -> str | None:
        """Return its name there."""
        ...

    async def parameters(self, now: int) -> Parameters:
        """Return what one request carries; never used twice."""
        ...

    def heard(self, reply: Reply) -> bool:
        """Take in what an answer tells the client; return whether to repeat the request."""
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """A client without authentication: a name, or not even that.

    Attributes:
        client_id: None for an anonymous one.
    """

    client_id: str | None = None

    @property
    def method(self) -> str:
        """Return none, or `ANONYMOUS`."""
        return ANONYMOUS if self.client_id is None else NONE

    async def parameters(self, now: int) -> Parameters:  # noqa: ARG002 - as every client's
        """Return the name."""
        return Parameters({} if self.client_id is None else {"client_id": self.client_id})

    def heard(self, reply: Reply) -> bool:  # noqa: ARG002 - as every client's
        """Learn nothing."""
        return False


@dataclass(frozen=True, slots=True)
class Keyed:
    """A client that signs an assertion (`private_key_jwt`).

    Attributes:
        client_id: its name.
        server: whom the assertion is for.
        signer: its key.
    """

    client_id: str
    server: str
    signer: Signer

    @property
    def method(self) -> str:
        """Return private_key_jwt."""
        return PRIVATE_KEY_JWT

    async def parameters(self, now: int) -> Parameters:
        """Return a fresh assertion."""
        assertion = make_assertion(
            self.signer, self.client_id, self.server, jti=system.token(), issued_at=now
        )
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return Parameters({"client_id": self.client_id, **form})

    def heard(self, reply: Reply) -> bool:  # noqa: ARG002 - as every client's
        """Learn nothing."""
        return False


@dataclass(slots=True)
class AttestedClient:
    """A client that its provider vouches for (`attest_jwt_client_auth`).

    Attributes:
        attested: what the provider said.
        server: the authorization server.
        network: HTTP, for challenges.
        challenge: the newest that the server gave and that was not used.
    """

    attested: Attested
    server: AuthorizationServerMetadata
    network: Network
    challenge: str | None = None

    @property
    def method(self) -> str:
        """Return attest_jwt_client_auth."""
        return ATTEST_JWT_CLIENT_AUTH

    @property
    def client_id(self) -> str:
        """Return the name that the provider gave."""
        return self.attested.client_id

    async def parameters(self, now: int) -> Parameters:
        """Return the attestation with a fresh proof of possession over a fresh challenge."""
        challenge, self.challenge = self.challenge, None
        if challenge is None and self.server.challenge_endpoint is not None:
            challenge = await self._challenge(self.server.challenge_endpoint)
        pop = make_pop(
            self.attested.signer,
            client_id=self.client_id,
            audience=self.server.issuer,
            jti=system.token(),
            issued_at=now,
            challenge=challenge,
        )
        headers = {CLIENT_ATTESTATION: self.attested.attestation, CLIENT_ATTESTATION_POP: pop}
        return Parameters({"client_id": self.client_id}, headers)

    def heard(self, reply: Reply) -> bool:
        """Keep a new challenge; repeat a request that was refused for the lack of it."""
        self.challenge = reply.headers.get(CLIENT_ATTESTATION_CHALLENGE.lower())
        return self.challenge is not None and error_of(reply) == "use_attestation_challenge"

    async def _challenge(self, address: str) -> str:
        reply = await self.network.post(address, b"", "application/x-www-form-urlencoded")
        value = _object(reply).get("attestation_challenge")
        if reply.status != OK or not isinstance(value, str) or not value:
            raise WalletError("no_challenge", f"{self.server.issuer} gave no challenge; try again")
        return value


@dataclass(frozen=True, slots=True)
class Clients:
    """Chooses how the wallet makes itself known.

    Attributes:
        network: HTTP.
        provider: the wallet provider, None for a wallet without one.
        client_id: where the wallet is not attested.
        signer: the key of `private_key_jwt`, None without one.
    """

    network: Network
    provider: Provider | None
    client_id: str
    signer: Signer | None

    async def at(self, server: AuthorizationServerMetadata, *, anonymous: bool, now: int) -> Client:
        """Return the client by the strongest method that both sides know.

        Args:
            server: the authorization server.
            anonymous: whether the grant may be used by nobody in particular; then that is used
                where the server lets it, because it tells least.
            now: seconds since the epoch.

        Raises:
            WalletError: client_not_supported, or what the provider refused with.
        """
        methods = server.token_endpoint_auth_methods_supported
        if anonymous and server.anonymous_access_supported:
            return Named()
        if methods and ATTEST_JWT_CLIENT_AUTH in methods and self.provider is not None:
            attested = await self.provider.attested(server.issuer, now)
            return AttestedClient(attested, server, self.network)
        if methods and PRIVATE_KEY_JWT in methods and self.signer is not None:
            return Keyed(self.client_id, server.issuer, self.signer)
        if methods is None or NONE in methods:
            return Named(self.client_id)
        raise WalletError(
            "client_not_supported",
            f"{server.issuer} knows wallets by {', '.join(methods)} alone, this one has no such"
            " means; a wallet provider or a client's key has to be set up",
        )


def error_of(reply: Reply) -> str | None:
    """Return the code of an error answer, None where there is none to read."""
    found = _object(reply).get("error")
    return found if isinstance(found, str) else None


def _object(reply: Reply) -> Mapping[str, object]:
    try:
        value = strict_json.loads(reply.body)
    except EncodingError:
        return {}
    return value if isinstance(value, dict) else {}

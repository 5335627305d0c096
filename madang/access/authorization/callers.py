"""Who calls an endpoint of the authorization server: client authentication.

Three ways: none, private_key_jwt and attest_jwt_client_auth. No shared secrets.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers

from madang.access.authorization.clients import ClientBook, ClientKeys
from madang.access.authorization.policy import Ground
from madang.access.authorization.store import UsedId
from madang.core.protocol.oauth.client_assertion import (
    check_assertion,
    open_assertion,
    subject_of,
)
from madang.core.protocol.oauth.client_attestation import (
    ClientAttestation,
    check_attestation,
    check_pop,
)
from madang.core.protocol.oauth.errors import (
    OAuthCode,
    OAuthError,
    invalid_client,
    invalid_client_attestation,
    invalid_request,
)
from madang.core.protocol.oauth.names import (
    ASSERTION_TYPE,
    ATTEST_JWT_CLIENT_AUTH,
    CLIENT_ATTESTATION,
    CLIENT_ATTESTATION_POP,
    NONE,
    PRIVATE_KEY_JWT,
)
from madang.core.protocol.oauth.registration import ClientRegistration
from madang.core.status.errors import StatusError
from madang.core.status.token_status_list import reference


@dataclass(frozen=True, slots=True)
class Caller:
    """A client that proved to be itself, or nobody in particular.

    Attributes:
        client_id: None for anonymous use.
        name: for people.
        redirect_uris: where answers may go; None for an attested client that is not registered,
            which says so with each request (RFC 9126 section 2.4).
        method: how it authenticated.
        instance: thumbprint of the attested key; empty for none.
        proofs: ids of what it proved itself with, each to be taken once.
    """

    client_id: str | None
    name: str = ""
    redirect_uris: tuple[str, ...] | None = ()
    method: str = NONE
    instance: str = ""
    proofs: tuple[UsedId, ...] = ()

    @property
    def attested(self) -> bool:
        """Tell whether a wallet provider vouched for it."""
        return bool(self.instance)


_NAME_CHARS = 200
ANYBODY = Caller(None)


@dataclass(frozen=True, slots=True)
class Callers:
    """Authenticates clients.

    Attributes:
        ground: clock, policy, anchors, challenges.
        book: registered clients.
        keys: their keys.
    """

    ground: Ground
    book: ClientBook
    keys: ClientKeys

    async def authenticate(self, tenant: str, form: Mapping[str, str], headers: Headers) -> Caller:
        """Return who calls; what it proved itself with is not taken yet.

        Args:
            tenant: the municipality.
            form: parameters of the request.
            headers: of the request.

        Raises:
            OAuthError: invalid_client, invalid_client_attestation, use_attestation_challenge, or
                invalid_request for more than one way at once.
        """
        attestation = _only(headers, CLIENT_ATTESTATION)
        pop = _only(headers, CLIENT_ATTESTATION_POP)
        assertion = form.get("client_assertion")
        if "authorization" in headers or "client_secret" in form:
            raise invalid_client("shared secrets are not used here; the metadata names the ways")
        if assertion is not None and (attestation, pop) != (None, None):
            raise invalid_request("a client authenticates in one way at a time")
        if assertion is not None:
            return await self._signed(tenant, form, assertion)
        if attestation is not None and pop is not None:
            return await self._attested(tenant, form, attestation, pop)
        if (attestation, pop) != (None, None):
            told = f"{CLIENT_ATTESTATION} and {CLIENT_ATTESTATION_POP} come together"
            raise OAuthError(OAuthCode.INVALID_CLIENT_ATTESTATION, told)
        return self._plain(tenant, form)

    def _plain(self, tenant: str, form: Mapping[str, str]) -> Caller:
        """Take a public client; a name that nobody knows is as good as none (OpenID4VCI 6.1)."""
        client_id = form.get("client_id")
        client = None if client_id is None else self.book.find(tenant, client_id)
        if client is None:
            return ANYBODY
        _require_method(client, NONE)
        return _caller(client)

    async def _signed(self, tenant: str, form: Mapping[str, str], assertion: str) -> Caller:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise invalid_client(f"client_assertion_type should be {ASSERTION_TYPE}")
        opened = open_assertion(assertion)
        client_id = subject_of(opened)
        _require_same(form, client_id)
        client = self.book.find(tenant, client_id)
        if client is None:
            raise invalid_client("no such client is registered here")
        _require_method(client, PRIVATE_KEY_JWT)
        now, policy = self.ground.clock.now(), self.ground.policy
        checked = check_assertion(
            opened,
            await self.keys.candidates(client, opened.header),
            client_id=client_id,
            audience=self.ground.identifier(tenant),
            window=self.ground.window(now, policy.assertion_seconds),
        )
        until = checked.expires_at + policy.skew_seconds
        return _caller(client, UsedId(("assertion", tenant, client_id, checked.jti), until))

    async def _attested(
        self, tenant: str, form: Mapping[str, str], attestation: str, pop: str
    ) -> Caller:
        """Steps: the provider's word, the client's name, the key, the challenge, the status."""
        ground = self.ground
        now, policy = ground.clock.now(), ground.policy
        window = ground.window(now, policy.proof_seconds)
        vouched = check_attestation(attestation, ground.anchors, window)
        _require_same(form, vouched.client_id)
        client = self.book.find(tenant, vouched.client_id)
        if client is not None:
            _require_method(client, ATTEST_JWT_CLIENT_AUTH)
        proved = check_pop(pop, vouched, audience=ground.identifier(tenant), window=window)
        if proved.challenge is None or not ground.challenges(tenant).good(proved.challenge, now):
            told = "the claim challenge should be a new one from the challenge endpoint"
            raise OAuthError(OAuthCode.USE_ATTESTATION_CHALLENGE, told)
        await self._check_status(vouched)
        instance = vouched.key.thumbprint()
        until = now + policy.proof_seconds + 2 * policy.skew_seconds
        used = UsedId(("attestation", tenant, instance, proved.jti), until)
        name = client.client_name if client is not None else vouched.claims.get("wallet_name")
        return Caller(
            vouched.client_id,
            name[:_NAME_CHARS] if isinstance(name, str) and name else vouched.client_id,
            None if client is None else client.redirect_uris,
            ATTEST_JWT_CLIENT_AUTH,
            instance,
            (used,),
        )

    async def _check_status(self, vouched: ClientAttestation) -> None:
        """Refuse a wallet that its provider revoked; asked last, for it may need the network."""
        try:
            place = reference(vouched.claims)
        except StatusError as error:
            raise invalid_client_attestation(str(error)) from None
        if place is not None and not await self.ground.statuses.valid(*place):
            raise invalid_client_attestation("the wallet was revoked, or its status is not known")


def _caller(client: ClientRegistration, *proofs: UsedId) -> Caller:
    return Caller(
        client.client_id,
        client.client_name or client.client_id,
        client.redirect_uris,
        client.token_endpoint_auth_method,
        proofs=proofs,
    )


def _require_method(client: ClientRegistration, method: str) -> None:
    if client.token_endpoint_auth_method != method:
        raise invalid_client(f"this client authenticates by {client.token_endpoint_auth_method}")


def _require_same(form: Mapping[str, str], client_id: str) -> None:
    if form.get("client_id", client_id) != client_id:
        raise invalid_client("client_id is not the client that authenticated")


def _only(headers: Headers, name: str) -> str | None:
    sent = headers.getlist(name)
    if len(sent) > 1:
        told = f"{len(sent)} headers {name} came, one was expected"
        raise OAuthError(OAuthCode.INVALID_CLIENT_ATTESTATION, told)
    return sent[0] if sent else None

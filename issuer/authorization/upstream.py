"""The municipality's OpenID provider over HTTP: what the person shows there, and how strongly."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from issuer.authorization.model import NoProvider, Trouble, UpstreamError
from issuer.authorization.providers import Provider
from issuer.authorization.usecases import Secrets
from issuer.sources.model import IdentityEvidence
from madang.core.catalog.certificate_type import IdentityLevel, Texts
from madang.core.encoding.strict_json import Json
from madang.core.protocol.form import encode_form
from madang.core.protocol.oauth.client_assertion import make_assertion
from madang.core.protocol.oauth.names import ASSERTION_TYPE
from madang.core.protocol.openid.code_flow import (
    AuthenticationRequest,
    Callback,
    basic,
    parse_pushed_answer,
    parse_token_answer,
    with_query,
)
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.id_token import Expected, IdToken, check_id_token
from madang.core.protocol.openid.jwks import ProviderKey, parse_jwks
from madang.core.protocol.openid.metadata import (
    ProviderMetadata,
    configuration_address,
    parse_provider_metadata,
)
from madang.core.protocol.openid.userinfo import MEDIA_TYPE, parse_userinfo
from madang.core.protocol.typed_jwt import Window
from madang.infra.clock import Clock
from madang.infra.http import Answer, HttpClient, HttpError
from madang.infra.ids import Ids

_OK, _CREATED = 200, 201
_FORM: Final = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
_TOO_LOW: Final = frozenset({"unmet_authentication_requirements", "insufficient_acr"})
_MAX_VALUE = 100


@dataclass(frozen=True, slots=True)
class Identified:
    """Whom a provider names.

    Attributes:
        evidence: what the register knows the person by; not kept.
        level: how well the provider knows the person.
    """

    evidence: IdentityEvidence = field(repr=False)
    level: IdentityLevel


@dataclass(frozen=True, slots=True)
class _Kept:
    metadata: ProviderMetadata
    keys: tuple[ProviderKey, ...]
    until: int


@dataclass(frozen=True, slots=True)
class OpenIdProviders:
    """Logs people in at the providers of the municipalities.

    Attributes:
        http: sends requests.
        clock: tells the time.
        ids: draws chance.
        providers: by municipality.
        redirect_uri: where a municipality's browsers come back.
        document_seconds: how long metadata and keys are kept.
        skew_seconds: how far other clocks may be off.
        token_seconds: oldest ID token accepted.
        allow_loopback_http: accept plain HTTP on this machine.
    """

    http: HttpClient
    clock: Clock
    ids: Ids
    providers: Mapping[str, Provider]
    redirect_uri: Callable[[str], str]
    document_seconds: int
    skew_seconds: int
    token_seconds: int
    allow_loopback_http: bool
    _kept: dict[str, _Kept] = field(default_factory=dict)

    def names(self, tenant: str) -> Texts | None:
        """Return what residents know a municipality's provider as; None if it has none."""
        found = self.providers.get(tenant)
        return None if found is None else found.names

    async def begin(self, tenant: str, secrets: Secrets, language: str) -> str:
        """Return the address at the provider where the person logs in.

        Raises:
            NoProvider: the municipality has none.
            UpstreamError: the provider is away, or its documents do not hold.
        """
        provider = self._provider(tenant)
        try:
            metadata = (await self._documents(provider)).metadata
            request = self._request(tenant, provider, secrets, language)
            parameters = request.parameters()
            endpoint = metadata.pushed_authorization_request_endpoint
            if endpoint is not None:
                answer = await self._post(provider, metadata, endpoint, parameters)
                if answer.status not in {_OK, _CREATED}:
                    raise _refused("pushed_refused")
                reference = parse_pushed_answer(answer.body)
                parameters = {"client_id": provider.client_id, "request_uri": reference}
        except OpenIdError as error:
            raise _refused(error.code) from error
        return with_query(metadata.authorization_endpoint, parameters)

    async def finish(
        self, tenant: str, callback: Callback, nonce: str, code_verifier: str
    ) -> Identified:
        """Return whom the provider names.

        Raises:
            NoProvider: the municipality has none.
            UpstreamError: the person did not log in, not strongly enough, or what came is wrong.
        """
        provider = self._provider(tenant)
        try:
            documents = await self._documents(provider)
            callback.check_issuer(documents.metadata)
            if callback.error:
                raise _declined(callback.error)
            form = {
                "grant_type": "authorization_code",
                "code": callback.code,
                "redirect_uri": self.redirect_uri(tenant),
                "code_verifier": code_verifier,
            }
            endpoint = documents.metadata.token_endpoint
            answer = await self._post(provider, documents.metadata, endpoint, form)
            if answer.status != _OK:
                raise _refused("token_refused")
            told = parse_token_answer(answer.body)
            token = await self._checked(provider, documents, told.id_token, nonce)
            token = await self._whole(provider, documents.metadata, token, told.bearer)
        except OpenIdError as error:
            raise _refused(error.code) from error
        return _identified(provider, token)

    def _provider(self, tenant: str) -> Provider:
        found = self.providers.get(tenant)
        if found is None:
            raise NoProvider
        return found

    def _request(
        self, tenant: str, provider: Provider, secrets: Secrets, language: str
    ) -> AuthenticationRequest:
        return AuthenticationRequest(
            client_id=provider.client_id,
            redirect_uri=self.redirect_uri(tenant),
            scope=provider.scope,
            state=secrets.state,
            nonce=secrets.nonce,
            code_verifier=secrets.code_verifier,
            acr_values=tuple(provider.levels),
            max_age=self.token_seconds,
            claims=provider.person.names(),
            language=language,
        )

    async def _checked(
        self, provider: Provider, documents: _Kept, compact: str, nonce: str
    ) -> IdToken:
        """Check an ID token; with keys fetched anew when none of those that are kept fits."""
        window = Window(self.clock.now(), self.token_seconds, self.skew_seconds)
        expected = Expected(provider.issuer, provider.client_id, nonce, window)
        try:
            return check_id_token(compact, documents.keys, expected)
        except OpenIdError as error:
            if error.code != "id_token_key":
                raise
        fresh = await self._fetched(provider)
        return check_id_token(compact, fresh.keys, expected)

    async def _whole(
        self, provider: Provider, metadata: ProviderMetadata, token: IdToken, bearer: str
    ) -> IdToken:
        """Add what only the userinfo endpoint tells; the ID token's own claims stay as they are."""
        endpoint, wanted = metadata.userinfo_endpoint, provider.person.names()
        if endpoint is None or not bearer or token.claims.keys() >= {*wanted}:
            return token
        headers = {"accept": MEDIA_TYPE, "authorization": f"Bearer {bearer}"}
        try:
            answer = await self.http.request("GET", endpoint, headers=headers)
        except HttpError as error:
            raise _away() from error
        if answer.status != _OK:
            raise _refused("userinfo_refused")
        media_type = answer.headers.get("content-type", "")
        found = parse_userinfo(answer.body, media_type, token.claims.get("sub"))
        more = {name: found[name] for name in wanted if name in found}
        return replace(token, claims={**more, **token.claims})

    async def _documents(self, provider: Provider) -> _Kept:
        kept = self._kept.get(provider.issuer)
        if kept is not None and self.clock.now() < kept.until:
            return kept
        return await self._fetched(provider)

    async def _fetched(self, provider: Provider) -> _Kept:
        address = configuration_address(provider.issuer)
        metadata = parse_provider_metadata(
            await self._get(address),
            issuer=provider.issuer,
            allow_loopback_http=self.allow_loopback_http,
        )
        keys = parse_jwks(await self._get(metadata.jwks_uri))
        kept = _Kept(metadata, keys, self.clock.now() + self.document_seconds)
        self._kept[provider.issuer] = kept
        return kept

    async def _get(self, address: str) -> bytes:
        try:
            answer = await self.http.request("GET", address, headers={"accept": "application/json"})
        except HttpError as error:
            raise _away() from error
        if answer.status != _OK:
            raise _away()
        return answer.body

    async def _post(
        self,
        provider: Provider,
        metadata: ProviderMetadata,
        endpoint: str,
        parameters: Mapping[str, str],
    ) -> Answer:
        headers, more = dict(_FORM), {}
        if provider.signer is None:
            headers["authorization"] = basic(provider.client_id, provider.secret)
        else:
            # For the provider's identifier alone, so that no other server can use it.
            signed = make_assertion(
                provider.signer,
                provider.client_id,
                metadata.issuer,
                jti=self.ids.token(),
                issued_at=self.clock.now(),
            )
            more = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
        body = encode_form({"client_id": provider.client_id, **parameters, **more}).encode()
        try:
            return await self.http.request("POST", endpoint, headers=headers, content=body)
        except HttpError as error:
            raise _away() from error


def _identified(provider: Provider, token: IdToken) -> Identified:
    level = provider.levels.get(token.acr)
    if level is None:
        raise UpstreamError(Trouble.LEVEL_UNKNOWN, "acr_unknown")
    person = provider.person
    try:
        birthdate = date.fromisoformat(_text(token.claims, person.birthdate))
    except ValueError:
        raise _refused("claims_missing") from None
    evidence = IdentityEvidence(
        name=unicodedata.normalize("NFC", _text(token.claims, person.name)),
        birthdate=birthdate,
        document_number=_text(token.claims, person.document_number),
    )
    return Identified(evidence, level)


def _text(claims: Mapping[str, Json], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_VALUE:
        raise _refused("claims_missing")
    return value


def _away() -> UpstreamError:
    return UpstreamError(Trouble.PROVIDER_AWAY, "provider_away")


def _refused(code: str) -> UpstreamError:
    return UpstreamError(Trouble.PROVIDER_REFUSED, code)


def _declined(error: str) -> UpstreamError:
    if error in _TOO_LOW:
        return UpstreamError(Trouble.LEVEL_UNKNOWN, "acr_unmet")
    return UpstreamError(Trouble.PROVIDER_DECLINED, "provider_declined")

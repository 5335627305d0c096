"""The ID token and its checks (OpenID Connect Core 1.0 sections 2 and 3.1.3.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from madang.core.encoding.strict_json import Json
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.jwks import ALGORITHMS, ProviderKey
from madang.core.protocol.typed_jwt import Window, check_window, text_claim, time_claim

_TYPES: Final = {None, "JWT"}
"""A token that is typed as something else, such as a log-out token, is no ID token."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say.

    Attributes:
        issuer: the provider's identifier.
        client_id: ours, at this provider.
        nonce: of the request that it answers.
        window: when it counts; ``exp`` must not have passed either.
    """

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    window: Window


@dataclass(frozen=True, slots=True)
class IdToken:
    """A checked ID token.

    Attributes:
        acr: how strongly the provider says that it knows the person; empty when it does not say.
        auth_time: when the person logged in there, epoch seconds.
        claims: all of them.
    """

    acr: str
    auth_time: int
    claims: Mapping[str, Json] = field(repr=False)


def check_id_token(
    compact: str,
    keys: Sequence[ProviderKey],
    expected: Expected,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> IdToken:
    """Check an ID token that came from the token endpoint.

    1. It is a JWS of bounded size, by an algorithm that counts, of no other type.
    2. One of the provider's keys signed it.
    3. ``iss`` is the provider, ``aud`` is ours alone, and so is ``azp`` where it is there.
    4. ``nonce`` is the request's.
    5. ``iat`` is fresh, ``exp`` has not passed.
    6. ``auth_time`` is as fresh; it is there, because the request had ``max_age``.

    Raises:
        OpenIdError: ``id_token_form``, ``id_token_key``, ``id_token_signature``,
            ``id_token_issuer``, ``id_token_audience``, ``id_token_nonce`` or ``id_token_time``.
    """
    claims = _signed(compact, keys, limits)
    if claims.get("iss") != expected.issuer:
        raise OpenIdError("id_token_issuer", "iss is not the provider that was asked")
    _check_audience(claims, expected.client_id)
    if claims.get("nonce") != expected.nonce:
        raise OpenIdError("id_token_nonce", "nonce is not that of the request")
    time_claim(claims, "exp", _time)
    check_window(claims, expected.window, _time)
    text_claim(claims, "sub", _form)
    acr, at, window = claims.get("acr", ""), time_claim(claims, "auth_time", _time), expected.window
    if not -window.max_skew <= window.now - at <= window.max_age + window.max_skew:
        raise _time("auth_time is too long ago, or in the future; log in again")
    return IdToken(acr if isinstance(acr, str) else "", at, claims)


def _signed(compact: str, keys: Sequence[ProviderKey], limits: Limits) -> dict[str, Json]:
    try:
        opened = jws.parse(compact, max_bytes=limits.jwt_bytes)
        claims = jws.claims(opened)
    except EnvelopeError as error:
        raise _form(str(error)) from None
    alg, kid = opened.header["alg"], opened.header.get("kid", "")
    if opened.header.get("typ") not in _TYPES or alg not in ALGORITHMS:
        raise _form(f"a JWT signed by one of {', '.join(sorted(ALGORITHMS))} was expected")
    if not isinstance(kid, str):
        raise _form("kid is a text")
    fitting = [each for each in keys if each.fits(kid, alg)]
    if not fitting:
        raise OpenIdError("id_token_key", "the provider publishes no key with this kid and alg")
    if not any(each.signed(opened) for each in fitting):
        raise OpenIdError("id_token_signature", "no key of the provider signed it")
    return claims


def _check_audience(claims: Mapping[str, Json], client_id: str) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if named != [client_id] or claims.get("azp", client_id) != client_id:
        raise OpenIdError("id_token_audience", "aud and azp should name this client alone")


def _form(reason: str) -> OpenIdError:
    return OpenIdError("id_token_form", reason)


def _time(reason: str) -> OpenIdError:
    return OpenIdError("id_token_time", reason)

"""Which credential configurations a client asks for, and by which names it hears of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.encoding import base64url
from madang.core.protocol.oauth.details import AuthorizationDetail, invalid_details
from madang.core.protocol.oauth.errors import OAuthCode, OAuthError
from madang.core.protocol.oauth.names import OPENID_CREDENTIAL

_IDENTIFIER_BYTES = 18


@dataclass(frozen=True, slots=True)
class Wanted:
    """Credential configurations, each once.

    Attributes:
        configurations: all that are asked for.
        identified: those that are asked for by `authorization_details`, and so by identifier.
    """

    configurations: tuple[str, ...]
    identified: tuple[str, ...] = ()


def wanted(
    scope: Sequence[str],
    details: Sequence[AuthorizationDetail],
    *,
    scopes: Mapping[str, str],
    issuer: str,
) -> Wanted:
    """Return what scope and details ask for (OpenID4VCI 1.0 sections 5.1.1 and 5.1.2).

    Args:
        scope: words; those that nobody here knows are ignored while one is known.
        details: entries.
        scopes: the configuration of every scope.
        issuer: what `locations` must name where there are any.

    Raises:
        OAuthError: invalid_scope or invalid_authorization_details.
    """
    identified = tuple(dict.fromkeys(_configuration(each, scopes, issuer) for each in details))
    known = [scopes[word] for word in scope if word in scopes]
    if not identified and not known:
        told = "scope or authorization_details should name what the issuer's metadata offers"
        raise OAuthError(OAuthCode.INVALID_SCOPE, told)
    return Wanted(tuple(dict.fromkeys((*identified, *known))), identified)


def _configuration(detail: AuthorizationDetail, scopes: Mapping[str, str], issuer: str) -> str:
    if detail.locations is not None and issuer not in detail.locations:
        raise invalid_details(f"locations should name {issuer}")
    if detail.credential_configuration_id not in scopes.values():
        raise invalid_details("the issuer's metadata names no such credential_configuration_id")
    return detail.credential_configuration_id


def narrowed(
    granted: Wanted,
    scope: Sequence[str],
    details: Sequence[AuthorizationDetail],
    *,
    scopes: Mapping[str, str],
    issuer: str,
) -> Wanted:
    """Return what a token request asks for out of what was granted; all when it names nothing.

    Raises:
        OAuthError: invalid_scope or invalid_authorization_details, for more than was granted.
    """
    if not scope and not details:
        return granted
    asked = wanted(scope, details, scopes=scopes, issuer=issuer)
    if not {*asked.configurations} <= {*granted.configurations}:
        if details:
            raise invalid_details("authorization_details name more than was granted")
        raise OAuthError(OAuthCode.INVALID_SCOPE, "scope names more than was granted")
    kept = tuple(each for each in asked.configurations if each in granted.identified)
    return Wanted(asked.configurations, tuple(dict.fromkeys((*asked.identified, *kept))))


def identifier_of(grant: str, configuration: str) -> str:
    """Return the credential identifier of a configuration in a grant: the same in every answer.

    Opaque, like the grant's name that it follows from.
    """
    digest = hashlib.sha256(f"credential identifier\0{grant}\0{configuration}".encode()).digest()
    return base64url.encode(digest[:_IDENTIFIER_BYTES])


def identifiers(grant: str, identified: Sequence[str]) -> dict[str, str]:
    """Return the configurations that were asked for by details, by their identifiers."""
    return {identifier_of(grant, each): each for each in identified}


def answered_details(
    grant: str, identified: Sequence[str]
) -> tuple[AuthorizationDetail, ...] | None:
    """Return ``authorization_details`` of a token answer; None where the request had none."""
    return (
        tuple(
            AuthorizationDetail(
                type=OPENID_CREDENTIAL,
                credential_configuration_id=each,
                credential_identifiers=(identifier_of(grant, each),),
            )
            for each in identified
        )
        or None
    )


def answered_scope(granted: Wanted, scopes: Mapping[str, str]) -> str | None:
    """Return ``scope`` of a token answer: what was granted by scope, None for nothing."""
    plain = [each for each in granted.configurations if each not in granted.identified]
    by_configuration = {configuration: scope for scope, configuration in scopes.items()}
    return " ".join(by_configuration[each] for each in plain) or None

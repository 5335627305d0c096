"""Tokens by which one service calls another: short, and bound to one request (RFC 7519).

Who acts travels along: the pseudonym and the roles of the member of staff on whose behalf the
call is made. The called service checks the role again; it does not trust the caller's page.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import ES256, KeyFormatError, PublicKey
from madang.core.keys.signing import Signer, checker_for
from madang.infra.ids import SystemIds

TYPE: Final = "madang-service+jwt"
LIFE_SECONDS: Final = 60
MAX_SKEW: Final = 5
COUNTS_SECONDS: Final = LIFE_SECONDS + 2 * MAX_SKEW
"""How long after its first use a token could count."""
MAX_BYTES: Final = 8_000


class ServiceTokenError(ValueError):
    """A service token is refused.

    Attributes:
        code: fixed word for the reason.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """Who calls.

    Attributes:
        issuer: identifier of the calling service.
        actor: pseudonym of the member of staff, or the service's own name.
        roles: the roles of that person.
        token_id: of the token that said so.
    """

    issuer: str
    actor: str
    roles: frozenset[str]
    token_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """The request that a token is for.

    Attributes:
        audience: identifier of the called service.
        method: HTTP method.
        path: path and query as sent.
        body: the body's bytes.
    """

    audience: str
    method: str
    path: str
    body: bytes


class ServiceKeys(Protocol):
    """Public keys of the services that may call."""

    def key(self, issuer: str) -> PublicKey | None:
        """Return the key of a service by its identifier; None for an unknown one."""
        ...


class FolderServiceKeys:
    """One JSON file a service: {"issuer": identifier, "jwk": public JWK}.

    Args:
        folder: where the files are; read anew for an issuer that is not known yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, PublicKey] = {}

    def key(self, issuer: str) -> PublicKey | None:
        """Return the key of a service; a file that is malformed counts as absent."""
        if issuer not in self._keys:
            self._keys = dict(self._read())
        return self._keys.get(issuer)

    def _read(self) -> Iterable[tuple[str, PublicKey]]:
        for path in sorted(self._folder.glob("*.json")):
            try:
                value = strict_json.loads(path.read_bytes())
                yield str(value["issuer"]), PublicKey.from_jwk(value["jwk"])
            except (EncodingError, KeyFormatError, KeyError, TypeError, OSError):
                continue


def make(
    signer: Signer, call: Call, *, issuer: str, actor: str, roles: Iterable[str], now: int
) -> str:
    """Return a token for one request; good for LIFE_SECONDS."""
    claims = {
        "iss": issuer,
        "jti": SystemIds().token(),
        "aud": call.audience,
        "sub": actor,
        "roles": sorted(roles),
        "iat": now,
        "exp": now + LIFE_SECONDS,
        "htm": call.method,
        "htu": call.path,
        "body_sha256": _digest(call.body),
    }
    return jws.sign(strict_json.dumps(claims).encode(), {"typ": TYPE}, signer)


def verify(token: str, call: Call, keys: ServiceKeys, *, now: int) -> ServiceIdentity:
    """Return who calls.

    Raises:
        ServiceTokenError: token_malformed, token_type, unknown_service, token_signature,
            token_time, token_audience, token_request.
    """
    claims = _checked_claims(token, keys)
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    if not isinstance(issued_at, int) or not isinstance(expires_at, int):
        raise ServiceTokenError("token_malformed")
    if not issued_at - MAX_SKEW <= now < min(expires_at, issued_at + LIFE_SECONDS) + MAX_SKEW:
        raise ServiceTokenError("token_time")
    if claims.get("aud") != call.audience:
        raise ServiceTokenError("token_audience")
    said = (claims.get("htm"), claims.get("htu"), claims.get("body_sha256"))
    if said != (call.method, call.path, _digest(call.body)):
        raise ServiceTokenError("token_request")
    match claims:
        case {"iss": str(issuer), "sub": str(actor), "jti": str(token_id), "roles": list(roles)}:
            return ServiceIdentity(issuer, actor, frozenset(map(str, roles)), token_id)
    raise ServiceTokenError("token_malformed")


class UsedTokens:
    """Remembers tokens for as long as they would count, so that each is good for one request.

    One process remembers for itself: a deployment of several lets a captured token through once
    in each, for the one request that it is bound to. `SharedTokens` remembers for all.
    """

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], int] = {}

    def use(self, identity: ServiceIdentity, *, now: int) -> None:
        """Note a token; ServiceTokenError("token_used") if it was noted before."""
        # Tokens come nearly in the order of their ends, and dicts keep the order of coming.
        while self._until and next(iter(self._until.values())) < now:
            del self._until[next(iter(self._until))]
        key = (identity.issuer, identity.token_id)
        if key in self._until:
            raise ServiceTokenError("token_used")
        self._until[key] = now + COUNTS_SECONDS


def _checked_claims(token: str, keys: ServiceKeys) -> dict[str, Any]:
    try:
        parsed = jws.parse(token, max_bytes=MAX_BYTES)
        claims = jws.claims(parsed)
    except EnvelopeError:
        raise ServiceTokenError("token_malformed") from None
    if parsed.header.get("typ") != TYPE:
        raise ServiceTokenError("token_type")
    key = keys.key(str(claims.get("iss")))
    if key is None or key.algorithm != ES256:
        raise ServiceTokenError("unknown_service")
    if not jws.verify(parsed, checker_for(key)):
        raise ServiceTokenError("token_signature")
    return claims


def _digest(body: bytes) -> str:
    return base64url.encode(hashlib.sha256(body).digest())

"""Key sets of clients, by value or fetched (RFC 7517 section 5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, Refusal, read_json

MAX_KEYS = 32


class JwkSet(Message):
    """The wire form; keys of kinds that are not known are left alone (RFC 7517 section 5)."""

    keys: Array[dict[str, JsonValue]]


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A public key for signatures, and its ``kid`` if it has one."""

    kid: str | None
    key: PublicKey


def signing_keys(jwks: JwkSet, refuse: Refusal) -> tuple[NamedKey, ...]:
    """Return the keys of a set that signatures can be checked with.

    Raises:
        What `refuse` makes: more than MAX_KEYS, or private members in any of them.
    """
    if len(jwks.keys) > MAX_KEYS:
        raise refuse(f"the key set has {len(jwks.keys)} keys; at most {MAX_KEYS} are accepted")
    if any("d" in jwk or "k" in jwk or "priv" in jwk for jwk in jwks.keys):
        raise refuse("the key set holds a private or shared key; public keys were expected")
    return tuple(_usable(jwks.keys))


def parse_key_set(
    data: bytes, refuse: Refusal, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[NamedKey, ...]:
    """Read a fetched key set; see `signing_keys`."""
    return signing_keys(read_json(JwkSet, data, limits, refuse), refuse)


def _usable(jwks: tuple[Mapping[str, JsonValue], ...]) -> Iterator[NamedKey]:
    for jwk in jwks:
        kid = jwk.get("kid")
        try:
            yield NamedKey(kid if isinstance(kid, str) else None, PublicKey.from_jwk(jwk))
        except KeyFormatError:
            continue


def candidates(keys: tuple[NamedKey, ...], header: Mapping[str, object]) -> tuple[PublicKey, ...]:
    """Return the keys that a JWS may be signed with: by its ``kid`` if it has one, and ``alg``."""
    kid, algorithm = header.get("kid"), header.get("alg")
    return tuple(
        each.key
        for each in keys
        if each.key.algorithm == algorithm and (kid is None or each.kid == kid)
    )

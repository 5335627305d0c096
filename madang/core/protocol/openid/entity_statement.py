"""Entity statements: what a member of a federation says of itself, or a superior of it.

Source: OpenID Federation 1.0 section 3. Trust marks are not read: nothing is granted for one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.jwks import ALGORITHMS, ProviderKey, read_jwks
from madang.core.protocol.openid.metadata_policy import Metadata, Policy, read_policy
from madang.core.protocol.typed_jwt import text_claim, time_claim
from madang.core.protocol.urls import is_web_address

TYPE: Final = "entity-statement+jwt"
MEDIA_TYPE: Final = "application/entity-statement+jwt"
ISSUER_TYPE: Final = "openid_credential_issuer"
"""The entity type of those who issue credentials."""
FEDERATION_TYPE: Final = "federation_entity"
"""The entity type that every member may have, whatever its superiors say."""
MAX_BYTES: Final = 100_000
MAX_SKEW: Final = 60
MAX_NAMES: Final = 64
_CRITICAL: Final = ("crit", "metadata_policy_crit")
"""Nothing is known here that may be named there; neither may an operator of the standard."""
_OF_SUPERIORS: Final = ("constraints", "metadata_policy", "metadata_policy_crit", "source_endpoint")
_DOMAIN: Final = re.compile(r"([a-z0-9_-]+\.)*[a-z][a-z0-9-]*", re.ASCII | re.IGNORECASE)
"""A name, and never an address, whose last part is a number."""
_OWN: Final = ("authority_hints", "trust_marks", "trust_mark_issuers", "trust_mark_owners")


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a superior demands of the chain below it (section 6.2); None demands nothing.

    Attributes:
        max_path_length: intermediates between it and the subject of the chain, at most.
        permitted: hosts, or domains that begin with a period.
        excluded: the same; they win.
        types: entity types that members may have besides `federation_entity`.
    """

    max_path_length: int | None = None
    permitted: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    types: tuple[str, ...] | None = None

    def admits(self, entity: str) -> bool:
        """Tell whether a member may have this identifier (section 6.2.2).

        An address is outside of all names (RFC 5280 section 4.2.1.10).
        """
        if self.permitted is None and not self.excluded:
            return True
        host = (urlsplit(entity).hostname or "").removesuffix(".")
        if not _DOMAIN.fullmatch(host) or _within(host, self.excluded):
            return False
        return self.permitted is None or _within(host, self.permitted)

    def allows(self, kind: str) -> bool:
        """Tell whether a member may have metadata of this entity type (section 6.2.3)."""
        return self.types is None or kind in (FEDERATION_TYPE, *self.types)


@dataclass(frozen=True, slots=True)
class EntityStatement:
    """A statement that is of the right form and in its time; who signed it is not checked yet.

    Attributes:
        issuer: entity identifier of who says it.
        subject: of whom; the same in an entity configuration.
        expires_at: seconds since 1970.
        keys: the subject's.
        superiors: whom the subject says to be above it.
        fetch_endpoint: where it answers for those below it; None where it does not say.
        metadata: what the subject says of itself, or what its superior gives it.
        policy: of a superior, for the metadata of everyone below it.
        constraints: of a superior.
    """

    issuer: str
    subject: str
    expires_at: int
    keys: tuple[ProviderKey, ...]
    superiors: tuple[str, ...]
    fetch_endpoint: str | None
    metadata: Metadata
    policy: Policy
    constraints: Constraints
    opened: Jws

    @property
    def is_configuration(self) -> bool:
        """Tell whether the subject says it of itself."""
        return self.issuer == self.subject

    def check_signature(self, keys: Sequence[ProviderKey]) -> None:
        """Require that one of the keys signed it; OpenIdError("statement_signature")."""
        kid, alg = self.opened.header["kid"], self.opened.header["alg"]
        if not any(each.signed(self.opened) for each in keys if each.fits(kid, alg)):
            told = f"what {self.issuer} says of {self.subject} is not signed by a key of the issuer"
            raise OpenIdError("statement_signature", told)


def read_statement(compact: str | bytes, *, now: int) -> EntityStatement:
    """Read a statement and check everything but its signature (section 3.2).

    Raises:
        OpenIdError: ``statement_form``, ``statement_time``, or ``statement_critical`` for what it
            says has to be understood; ``jwks`` for its keys; ``metadata_policy``.
    """
    try:
        opened = jws.parse(compact, max_bytes=MAX_BYTES)
        claims = jws.claims(opened)
    except EnvelopeError as error:
        raise _form(str(error)) from None
    _check_header(opened.header)
    issuer, subject = (_entity(claims, name) for name in ("iss", "sub"))
    for name in _OWN if issuer != subject else _OF_SUPERIORS:
        if name in claims:
            raise _form(f"{name} does not belong into this kind of statement")
    for name in _CRITICAL:
        if name in claims:
            raise OpenIdError("statement_critical", f"{name} names what is not understood here")
    expires_at = time_claim(claims, "exp", _form)
    if time_claim(claims, "iat", _form) > now + MAX_SKEW or expires_at <= now:
        raise OpenIdError("statement_time", f"what {issuer} says of {subject} is not in its time")
    keys = read_jwks(claims.get("jwks"))
    names = [each.kid for each in keys]
    if len(set(names)) < len(names):
        raise _form("two keys have one kid")
    metadata = _metadata(claims)
    return EntityStatement(
        issuer,
        subject,
        expires_at,
        keys,
        _superiors(claims),
        _fetch_endpoint(metadata),
        metadata,
        read_policy(claims.get("metadata_policy", {})),
        _constraints(claims),
        opened,
    )


def _check_header(header: Mapping[str, Any]) -> None:
    if header.get("typ") != TYPE or header["alg"] not in ALGORITHMS:
        raise _form(f"{TYPE} by one of {', '.join(sorted(ALGORITHMS))} was expected")
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        raise _form("kid is missing")


def _entity(claims: Mapping[str, Any], name: str) -> str:
    value = text_claim(claims, name, _form)
    if not is_entity(value):
        raise _form(f"{name} is no https address without a query")
    return value


def is_entity(identifier: str) -> bool:
    """Tell whether something may be an entity identifier (section 1.2)."""
    return is_web_address(identifier) and "?" not in identifier


def _superiors(claims: Mapping[str, Any]) -> tuple[str, ...]:
    if "authority_hints" not in claims:
        return ()
    found = _names(claims, "authority_hints")
    if not found or not all(is_entity(each) for each in found):
        raise _form("authority_hints holds entity identifiers")
    return tuple(dict.fromkeys(found))


def _metadata(claims: Mapping[str, Any]) -> Metadata:
    found = claims.get("metadata", {})
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise _form("metadata holds an object for each entity type")
    if any(value is None for each in found.values() for value in each.values()):
        raise _form("null is no value of metadata")
    return found


def _fetch_endpoint(metadata: Metadata) -> str | None:
    found = metadata.get(FEDERATION_TYPE, {}).get("federation_fetch_endpoint")
    if found is not None and not (isinstance(found, str) and is_web_address(found)):
        raise _form("federation_fetch_endpoint is no https address")
    return found


def _constraints(claims: Mapping[str, Any]) -> Constraints:
    found = claims.get("constraints", {})
    naming = found.get("naming_constraints", {}) if isinstance(found, dict) else None
    if not isinstance(naming, dict):
        raise _form("constraints and its naming_constraints are objects")
    length = found.get("max_path_length", 0)
    if type(length) is not int or length < 0:
        raise _form("max_path_length is a whole number from zero on")
    types = _names(found, "allowed_entity_types") if "allowed_entity_types" in found else None
    if FEDERATION_TYPE in (types or ()):
        raise _form(f"allowed_entity_types does not name {FEDERATION_TYPE}")
    return Constraints(
        length if "max_path_length" in found else None,
        _domains(naming, "permitted") if "permitted" in naming else None,
        _domains(naming, "excluded") if "excluded" in naming else (),
        types,
    )


def _domains(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = _names(members, name)
    if not all(_DOMAIN.fullmatch(each.removeprefix(".")) for each in found):
        raise _form(f"{name} holds names of hosts, or of domains behind a period")
    return found


def _names(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = members[name]
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _form(f"{name} is an array of text")
    if len(found) > MAX_NAMES:
        raise _form(f"{name} has {len(found)} entries, at most {MAX_NAMES} are accepted")
    return tuple(found)


def _within(host: str, names: Sequence[str]) -> bool:
    """Tell whether a host is one of these, or in one of these domains (RFC 5280 4.2.1.10)."""
    lowered = (each.lower() for each in names)
    return any(host.endswith(each) if each.startswith(".") else host == each for each in lowered)


def _form(reason: str) -> OpenIdError:
    return OpenIdError("statement_form", reason)

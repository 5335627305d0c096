"""Trust chains from an entity to an anchor that somebody configured (OpenID Federation 1.0, 10).

Nothing here goes anywhere: `resolve` says what it wants to be fetched. It starts at the entity and
asks whom that names, and theirs; what a request of somebody else names is never fetched (OpenID4VP
1.0 section 15.10).
"""

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import quote

from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import load
from madang.core.protocol.openid.entity_statement import (
    ISSUER_TYPE,
    EntityStatement,
    is_entity,
    read_statement,
)
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.jwks import ProviderKey, read_jwks
from madang.core.protocol.openid.metadata_policy import Metadata, Policy, apply_policy, merge

MAX_STATEMENTS: Final = 10
MAX_FETCHES: Final = 32
MAX_ANCHORS: Final = 64
MAX_FILE_BYTES: Final = 1_000_000
Anchors: TypeAlias = Mapping[str, tuple[ProviderKey, ...]]
"""The keys of each anchor by its entity identifier, as somebody was told them."""
Fetching: TypeAlias = Generator[str, bytes | None, "TrustPath"]
"""Yields addresses, and is sent what is there; None for nothing."""


class TrustPath(NamedTuple):
    """What was found above an entity.

    Attributes:
        entities: every entity on a valid chain, the subject and the anchor too; none without one.
        expires_at: when the first of those chains is over, seconds since 1970.
    """

    entities: frozenset[str]
    expires_at: int


NO_PATH: Final = TrustPath(frozenset(), 0)


@dataclass(frozen=True, slots=True)
class Federation:
    """Whose chains count, and what was found out about issuers.

    Attributes:
        anchors: none means that nobody is in a federation.
        members: the entities above each issuer that was looked up.
    """

    anchors: Anchors = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def above(self, issuer: str | None, trust_chain: object, *, now: int) -> frozenset[str]:
        """Return the entities above an issuer: by what was looked up, and by a chain that came.

        Args:
            issuer: whose identity is proven; None for nobody.
            trust_chain: what a header has under that name (section 4.3).
            now: seconds since 1970.
        """
        if issuer is None:
            return frozenset()
        known = self.members.get(issuer, frozenset())
        if not isinstance(trust_chain, list) or not all(isinstance(x, str) for x in trust_chain):
            return known
        try:
            return known | check_chain(trust_chain, issuer, self.anchors, now=now).entities
        except OpenIdError:
            return known


def parse_anchors(data: bytes) -> Anchors:
    """Read the anchors of a file: a JSON object with a JWK Set by each entity identifier.

    Raises:
        OpenIdError: ``anchors``, or ``jwks``.
    """
    value = load(data, MAX_FILE_BYTES, DEFAULT_LIMITS, _anchors)
    if not isinstance(value, dict) or not all(is_entity(each) for each in value):
        raise _anchors("an object with a JWK Set by each entity identifier was expected")
    if len(value) > MAX_ANCHORS:
        raise _anchors(f"{len(value)} anchors; at most {MAX_ANCHORS} are accepted")
    return {entity: read_jwks(keys) for entity, keys in value.items()}


def check_chain(
    statements: Sequence[str | bytes], subject: str, anchors: Anchors, *, now: int
) -> TrustPath:
    """Check a trust chain of an issuer (section 10.2).

    Args:
        statements: the subject's configuration, what each superior says of the one below it, and
            perhaps the configuration of the anchor.
        subject: whose chain it must be.
        anchors: one of these must be at its end.
        now: seconds since 1970.

    Raises:
        OpenIdError: as of `read_statement`; ``statement_signature``, ``chain_form``,
            ``chain_anchor``, ``chain_constraints``, ``metadata_policy`` or ``chain_metadata``.
    """
    if not 1 <= len(statements) <= MAX_STATEMENTS:
        raise _form(f"{len(statements)} statements; 1 to {MAX_STATEMENTS} are accepted")
    return _checked([read_statement(each, now=now) for each in statements], subject, anchors)


def _checked(read: Sequence[EntityStatement], subject: str, anchors: Anchors) -> TrustPath:
    _check_links(read, subject)
    keys = anchors.get(read[-1].issuer)
    if keys is None:
        raise OpenIdError("chain_anchor", f"{read[-1].issuer} is no anchor")
    read[0].check_signature(read[0].keys)
    for below, above in pairwise(read):
        below.check_signature(above.keys)
    for each in read[-2:] if read[-1].is_configuration else read[-1:]:
        each.check_signature(keys)
    _check_constraints(read)
    if ISSUER_TYPE not in _resolved(read):
        told = f"{subject} does not say to be an issuer, or a superior does not answer for issuers"
        raise OpenIdError("chain_metadata", told)
    entities = frozenset({subject, *(each.issuer for each in read)})
    return TrustPath(entities, min(each.expires_at for each in read))


def _check_links(read: Sequence[EntityStatement], subject: str) -> None:
    first = read[0]
    if not first.is_configuration or first.subject != subject:
        raise _form(f"a chain begins with the configuration of {subject}")
    for below, above in pairwise(read):
        if above.subject != below.issuer:
            raise _form("each statement is about the issuer of the one before")
    if any(each.is_configuration for each in read[1:-1]):
        raise _form("a configuration stands inside of the chain")
    superior = next((each.issuer for each in read[1:] if not each.is_configuration), None)
    if superior is not None and superior not in first.superiors:
        raise _form(f"{subject} does not say that {superior} is above it")


def _check_constraints(read: Sequence[EntityStatement]) -> None:
    """Hold the chain against what each superior demands of it (sections 6.2.1 and 6.2.2)."""
    for at, each in enumerate(read):
        demanded = each.constraints
        if demanded.max_path_length is not None and at - 1 > demanded.max_path_length:
            raise _constraints(f"{each.issuer} accepts fewer intermediates")
        if not all(demanded.admits(below.subject) for below in read[: at + 1]):
            raise _constraints(f"{each.issuer} does not answer for all identifiers of the chain")


def _resolved(read: Sequence[EntityStatement]) -> Metadata:
    """Return the metadata of the subject as its superiors leave it (sections 6.1.4 and 6.2.3)."""
    superiors = [each for each in read if not each.is_configuration]
    given = superiors[0].metadata if superiors else {}
    metadata = {
        kind: {**own, **given.get(kind, {})}
        for kind, own in read[0].metadata.items()
        if all(each.constraints.allows(kind) for each in superiors)
    }
    nothing: Policy = {}
    return apply_policy(
        reduce(merge, (each.policy for each in reversed(superiors)), nothing), metadata
    )


def configuration_at(entity: str) -> str:
    """Return where an entity's configuration is (section 9): appended, not inserted."""
    return f"{entity.removesuffix('/')}/.well-known/openid-federation"


def resolve(subject: str, anchors: Anchors, *, now: int) -> Fetching:
    """Look for chains from a subject to any anchor (section 10.1); nothing raises.

    At most MAX_FETCHES addresses are asked for, each once, by chains of at most MAX_STATEMENTS.
    """
    search = _Search(anchors, now)
    if is_entity(subject) and anchors:
        own = yield from search.configuration(subject)
        if own is not None:
            yield from search.climb(subject, own, (own,), (subject,))
    return search.found


async def follow(fetching: Fetching, fetch: Callable[[str], Awaitable[bytes | None]]) -> TrustPath:
    """Go where a search wants to, by what can go there, and return what it found."""
    try:
        address = next(fetching)
        while True:
            address = fetching.send(await fetch(address))
    except StopIteration as done:
        found: TrustPath = done.value
        return found


class _Search:
    """Reads each statement once, by however many ways it is come upon."""

    def __init__(self, anchors: Anchors, now: int) -> None:
        self.found = NO_PATH
        self._anchors = anchors
        self._now = now
        self._said: dict[str, EntityStatement | None] = {}

    def climb(
        self,
        subject: str,
        own: EntityStatement,
        chain: tuple[EntityStatement, ...],
        seen: tuple[str, ...],
    ) -> Generator[str, bytes | None, None]:
        """Go on from the top of a chain to everyone above it."""
        self._try(subject, chain, own.subject)
        if len(chain) == MAX_STATEMENTS:
            return
        for superior in own.superiors:
            above = None if superior in seen else (yield from self.configuration(superior))
            endpoint = None if above is None else above.fetch_endpoint
            if above is None or endpoint is None:
                continue
            mark = "&" if "?" in endpoint else "?"
            address = f"{endpoint}{mark}sub={quote(own.subject, safe='')}"
            said = yield from self._statement(address, superior, own.subject)
            if said is not None:
                yield from self.climb(subject, above, (*chain, said), (*seen, superior))

    def configuration(self, entity: str) -> Generator[str, bytes | None, EntityStatement | None]:
        """Return what an entity says of itself, when it signed that."""
        own = yield from self._statement(configuration_at(entity), entity, entity)
        if own is None:
            return None
        try:
            own.check_signature(own.keys)
        except OpenIdError:
            return None
        return own

    def _statement(
        self, address: str, issuer: str, subject: str
    ) -> Generator[str, bytes | None, EntityStatement | None]:
        if address not in self._said:
            if len(self._said) == MAX_FETCHES:
                return None
            self._said[address] = self._read((yield address))
        said = self._said[address]
        if said is None or (said.issuer, said.subject) != (issuer, subject):
            return None
        return said

    def _read(self, compact: bytes | None) -> EntityStatement | None:
        try:
            return None if compact is None else read_statement(compact, now=self._now)
        except OpenIdError:
            return None

    def _try(self, subject: str, chain: tuple[EntityStatement, ...], top: str) -> None:
        if top not in self._anchors:
            return
        try:
            path = _checked(chain, subject, self._anchors)
        except OpenIdError:
            return
        ends = [each.expires_at for each in (self.found, path) if each.entities]
        self.found = TrustPath(self.found.entities | path.entities, min(ends))


def _anchors(reason: str) -> OpenIdError:
    return OpenIdError("anchors", reason)


def _form(reason: str) -> OpenIdError:
    return OpenIdError("chain_form", reason)


def _constraints(reason: str) -> OpenIdError:
    return OpenIdError("chain_constraints", reason)

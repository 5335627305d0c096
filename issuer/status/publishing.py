"""Sign the lists as they are, have their hashes logged, serve them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from issuer.status.model import NoSuchList
from issuer.status.usecases import SALT_BYTES, ListPolicy, Register, aggregation_uri, list_uri
from issuer.work import Work
from madang.core.keys.signing import Signer
from madang.core.merkle.entry import EntryKind
from madang.core.status import token_cwt, token_jwt
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import StatusList
from madang.infra.outbox import Registered

_RENEWALS = 4
"""How often in its life an unchanged list is signed anew."""

Encode = Callable[[StatusListToken, Signer], bytes]

FORMS: Mapping[str, Encode] = MappingProxyType(
    {
        token_jwt.MEDIA_TYPE: lambda token, signer: token_jwt.encode(token, signer).encode(),
        token_cwt.MEDIA_TYPE: token_cwt.encode,
    }
)
"""How a list is written, by media type; the first is for readers who name none."""


@dataclass(frozen=True, slots=True)
class Published:
    """A list as it was published last in one form.

    Attributes:
        token: the signed list.
        issued_at: epoch seconds.
        key_id: of the key that signed it.
    """

    token: bytes
    issued_at: int
    key_id: str


class PublishedLists(Protocol):
    """Keeps lists and what was published of them."""

    def numbers(self, tenant: str) -> Sequence[int]:
        """Return the numbers of all lists, in their order."""
        ...

    def statuses(self, tenant: str, number: int) -> StatusList | None:
        """Return a list as it is now; None if there is none of this number."""
        ...

    def published(self, tenant: str, number: int, form: str) -> Published | None:
        """Return a list as published last, None if it changed since or never was in this form."""
        ...

    def publish(self, tenant: str, number: int, form: str, published: Published) -> None:
        """Keep a published list."""
        ...


@dataclass(frozen=True, slots=True)
class Press:
    """What publishes a list.

    Attributes:
        signer: the issuer's key.
        register: hands the list's hash to the outbox.
        policy: lives.
    """

    signer: Signer
    register: Register
    policy: ListPolicy


def is_fresh(published: Published, now: int, key_id: str, policy: ListPolicy) -> bool:
    """Tell whether an unchanged list can be served again.

    Most of its life must lie ahead, and its key be the one that signs now: a list outlives no key
    that somebody else may have.
    """
    return published.key_id == key_id and now < published.issued_at + policy.life // _RENEWALS


def publish(work: Work, lists: PublishedLists, number: int, form: str, press: Press) -> Published:
    """Sign a list as it is now, keep it, and have its hash logged.

    Raises:
        NoSuchList: none of this number.
    """
    statuses = lists.statuses(work.tenant, number)
    if statuses is None:
        raise NoSuchList
    token = StatusListToken(
        uri=list_uri(work.issuer, number),
        issued_at=work.now,
        expires_at=work.now + press.policy.life,
        ttl=press.policy.ttl,
        packed=statuses.pack(aggregation_uri(work.issuer)),
    )
    published = Published(FORMS[form](token, press.signer), work.now, press.signer.key_id)
    lists.publish(work.tenant, number, form, published)
    digest = hashlib.sha256(published.token).digest()
    key, salt = work.ids.token(), work.ids.bytes(SALT_BYTES)
    press.register(Registered(key, EntryKind.STATUS_LIST, work.issuer, digest, salt))
    return published

"""Sign the lists as they are, and a second time; have the hashes of both logged."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from issuer.status.model import NoSuchList
from issuer.status.signers import Signers
from issuer.status.usecases import SALT_BYTES, ListPolicy, Register, aggregation_uri, list_uri
from issuer.work import Work
from madang.core.envelope import second_signature
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
class Second:
    """A second signature as it was published last.

    Attributes:
        signature: compact JWS.
        key_id: of the key that made it.
    """

    signature: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Published:
    """A list as it was published last in one form.

    Attributes:
        token: the signed list.
        issued_at: epoch seconds.
        key_id: of the key that signed it.
        second: beside the token; None where no key could make one yet.
    """

    token: bytes
    issued_at: int
    key_id: str
    second: Second | None = None


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
        signers: the keys that sign now.
        register: hands hashes to the outbox.
        policy: lives.
    """

    signers: Signers
    register: Register
    policy: ListPolicy


def is_current(published: Published, now: int, signers: Signers, policy: ListPolicy) -> bool:
    """Tell whether an unchanged list can be served again, with its second signature if any.

    Most of its life must lie ahead, and its keys be those that sign now: a list outlives no key
    that somebody else may have.
    """
    return _is_fresh(published, now, signers, policy) and (
        signers.second is None or second_of(published, signers) is not None
    )


def second_of(published: Published, signers: Signers) -> Second | None:
    """Return the second signature that can be served: by the key that makes them now."""
    second, signer = published.second, signers.second
    return second if second and signer and second.key_id == signer.key_id else None


def publish(work: Work, lists: PublishedLists, number: int, form: str, press: Press) -> Published:
    """Sign what is not signed by the keys of now, keep it, and have its hash logged.

    Raises:
        NoSuchList: none of this number.
    """
    statuses = lists.statuses(work.tenant, number)
    if statuses is None:
        raise NoSuchList
    # Whoever comes second finds what the first has published while this one waited.
    published = lists.published(work.tenant, number, form)
    if published and is_current(published, work.now, press.signers, press.policy):
        return published
    if published is None or not _is_fresh(published, work.now, press.signers, press.policy):
        published = _signed(work, statuses, number, form, press)
    published = replace(published, second=_signed_again(work, published, number, press))
    lists.publish(work.tenant, number, form, published)
    return published


def _is_fresh(published: Published, now: int, signers: Signers, policy: ListPolicy) -> bool:
    signed_by = published.key_id == signers.issuer.key_id
    return signed_by and now < published.issued_at + policy.life // _RENEWALS


def _signed(work: Work, statuses: StatusList, number: int, form: str, press: Press) -> Published:
    # Readers of mdocs, who ask for the CWT, know one bit: what is suspended does not hold either.
    shown = statuses.in_one_bit() if form == token_cwt.MEDIA_TYPE else statuses
    token = StatusListToken(
        uri=list_uri(work.issuer, number),
        issued_at=work.now,
        expires_at=work.now + press.policy.life,
        ttl=press.policy.ttl,
        packed=shown.pack(aggregation_uri(work.issuer)),
    )
    signer = press.signers.issuer
    signed = FORMS[form](token, signer)
    _enter(work, signed, press)
    return Published(signed, work.now, signer.key_id)


def _signed_again(work: Work, published: Published, number: int, press: Press) -> Second | None:
    signer = press.signers.second
    if signer is None:
        return None
    signature = second_signature.make(
        published.token,
        kind=second_signature.STATUS_LIST,
        address=list_uri(work.issuer, number),
        issued_at=work.now,
        signer=signer,
    )
    _enter(work, signature.encode(), press)
    return Second(signature, signer.key_id)


def _enter(work: Work, document: bytes, press: Press) -> None:
    digest = hashlib.sha256(document).digest()
    key, salt = work.ids.token(), work.ids.bytes(SALT_BYTES)
    press.register(Registered(key, EntryKind.STATUS_LIST, work.issuer, digest, salt))

"""Register a wallet, attest it and its keys, revoke it."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from madang.core.keys.jwk import PublicKey
from madang.core.status.permutation import KEY_BYTES, Permutation
from madang.core.status.token_status_list import StatusList
from madang.infra.ids import Ids
from wallet_api.provider.model import (
    Bounds,
    Instance,
    InstanceId,
    ListState,
    NoSuchInstance,
    Place,
    instance_revoked,
    instance_unknown,
)
from wallet_api.provider.nonces import UsedNonces, use_nonce
from wallet_api.provider.proofs import Proved

CODE_BYTES = 20
_ORDERS = 64

Note = Callable[[str, str | None], None]


class Instances(Protocol):
    """Keeps wallets, and which attestations they have."""

    def by_key(self, tenant: str, thumbprint: str) -> Instance | None:
        """Return the wallet with this key."""
        ...

    def by_id(self, tenant: str, instance: InstanceId) -> Instance | None:
        """Return the wallet of this name."""
        ...

    def keep(self, tenant: str, instance: Instance) -> None:
        """Keep a new wallet, or a change of one."""
        ...

    def attested(self, tenant: str, instance: InstanceId, place: Place, *, until: int) -> None:
        """Keep where the status of a wallet's new attestation stands."""
        ...

    def places(self, tenant: str, instance: InstanceId, *, now: int) -> Sequence[Place]:
        """Return where the statuses of its attestations stand that are not over."""
        ...


class Lists(Protocol):
    """Keeps status lists."""

    def open(self, tenant: str, bounds: Bounds, fresh_key: bytes) -> ListState:
        """Return a list with room for one more, and count it as given."""
        ...

    def invalidate(self, tenant: str, places: Sequence[Place]) -> None:
        """Show these as invalid."""
        ...

    def statuses(self, tenant: str, number: int) -> StatusList | None:
        """Return a list as it is now; None if there is none of this number."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One call, which is one transaction.

    Attributes:
        tenant: the municipality.
        now: epoch seconds.
        ids: draws chance.
        note: adds a line to the journal.
        instances: the wallets.
        lists: the status lists.
        used: nonces that were used.
        secret: seals nonces.
    """

    tenant: str
    now: int
    ids: Ids
    note: Note
    instances: Instances
    lists: Lists
    used: UsedNonces
    secret: bytes


def register(work: Work, proved: Proved) -> tuple[Instance, str]:
    """Return the wallet with this key and its new revocation code, which is kept as a hash.

    Raises:
        ProviderRefused: invalid_nonce, instance_revoked.
    """
    _use(work, proved)
    thumbprint = proved.instance.thumbprint()
    known = work.instances.by_key(work.tenant, thumbprint)
    if known is not None and known.revoked_at is not None:
        raise instance_revoked()
    code = work.ids.token(CODE_BYTES)
    name = InstanceId(work.ids.token()) if known is None else known.id
    instance = Instance(name, thumbprint, _hash(code))
    work.instances.keep(work.tenant, instance)
    work.note("wallet.registered", name)
    return instance, code


def attest(work: Work, proved: Proved, bounds: Bounds, *, until: int) -> Place:
    """Let a wallet have one more attestation; return where its status stands.

    Args:
        work: the call.
        proved: by the wallet.
        bounds: sizes of lists.
        until: `exp` of the attestation.

    Raises:
        ProviderRefused: invalid_nonce, instance_unknown, instance_revoked.
    """
    _use(work, proved)
    instance = _held(work, proved.instance)
    opened = work.lists.open(work.tenant, bounds, work.ids.bytes(KEY_BYTES))
    place = Place(opened.number, _order(opened.key, opened.size).place(opened.position))
    work.instances.attested(work.tenant, instance.id, place, until=until)
    return place


def revoke_by_key(work: Work, proved: Proved) -> None:
    """Revoke the wallet that says so itself; ProviderRefused as `attest`."""
    _use(work, proved)
    _revoke(work, _held(work, proved.instance), "wallet.revoked.holder")


def revoke_by_code(work: Work, instance: str, code: str) -> None:
    """Revoke a wallet by the code that its holder kept; again changes nothing.

    Raises:
        ProviderRefused: instance_unknown; it is not told whether name or code was wrong.
    """
    found = work.instances.by_id(work.tenant, InstanceId(instance))
    # A wallet that is not there takes as long: nobody finds out names by it.
    kept = found.code_hash if found else bytes(32)
    if not hmac.compare_digest(kept, _hash(code)) or found is None:
        raise instance_unknown()
    _revoke(work, found, "wallet.revoked.holder")


def revoke_by_administrator(work: Work, instance: str) -> None:
    """Revoke a wallet in the provider's name; NoSuchInstance if there is none."""
    found = work.instances.by_id(work.tenant, InstanceId(instance))
    if found is None:
        raise NoSuchInstance
    _revoke(work, found, "wallet.revoked.administrator")


def _revoke(work: Work, instance: Instance, code: str) -> None:
    if instance.revoked_at is not None:
        return
    revoked = Instance(instance.id, instance.thumbprint, instance.code_hash, work.now)
    work.instances.keep(work.tenant, revoked)
    places = work.instances.places(work.tenant, instance.id, now=work.now)
    work.lists.invalidate(work.tenant, places)
    work.note(code, instance.id)


def _use(work: Work, proved: Proved) -> None:
    use_nonce(work.secret, work.tenant, proved.nonce, work.used, now=work.now)


def _held(work: Work, key: PublicKey) -> Instance:
    found = work.instances.by_key(work.tenant, key.thumbprint())
    if found is None:
        raise instance_unknown()
    if found.revoked_at is not None:
        raise instance_revoked()
    return found


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


@lru_cache(_ORDERS)
def _order(key: bytes, size: int) -> Permutation:
    return Permutation(key, size)

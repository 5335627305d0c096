"""The registry's twin: changes as the contract makes them, and snapshots of where they lead to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.trust.accreditation import (
    KINDS,
    Document,
    Issuer,
    encode_document,
    record_id,
)
from madang.core.trust.changes import Action, Change, history_of
from madang.core.trust.model import Attester, TrustList
from madang.core.trust.place import Place
from madang.core.trust.registry import Basis, Registry, tenant_key
from madang.core.trust.snapshot import Snapshot, SnapshotError, sign
from madang.infra.catalogue import Catalogue
from madang.infra.founding import Founders, founding
from madang.infra.setup import StateFolders
from madang.infra.tenancy import Addresses
from madang.infra.trust import load_anchors

PLACE = Place(8283, "0x" + "11" * 32, "0x" + "22" * 20, "0x" + "33" * 32)
MEMBERS = ("0x" + "a1" * 20, "0x" + "a2" * 20, "0x" + "a3" * 20)
FAR = 2**33
LOG_KEYS = ("a.example/log+0123abcd+AQIDBA==", "a.example/log+4567cdef+BQYHCA==")
"""Keys of a log that nobody checks."""
NOBODY = "0x" + "00" * 20


def place_record(place: Place = PLACE) -> bytes:
    """Return `contract.json` that names a place."""
    contract = {"address": place.contract, "code_hash": place.code_hash}
    chain = {"chain_id": place.chain_id, "genesis_hash": place.genesis_hash}
    return strict_json.dumps({**chain, "contracts": {"Accreditation": contract}}).encode()


def account(tenant: str) -> str:
    """Return the address of a municipality on the twin's chain."""
    return "0x" + sha256(tenant.encode()).hexdigest()[:40]


@dataclass
class RegistryTwin:
    """What the contract does to its history, without its checks.

    Attributes:
        now: time of the next change, seconds since the epoch.
    """

    now: int
    members: Sequence[str] = MEMBERS
    changes: list[Change] = field(default_factory=list)
    documents: dict[bytes, bytes] = field(default_factory=dict)
    anchors: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        for member in self.members:
            self.change(Action.ADD_MEMBER, account=member)
        self.change(Action.SET_QUORUM, number=len(self.members) // 2 + 1)

    def change(
        self,
        action: Action,
        target: bytes = bytes(32),
        account: str = NOBODY,
        number: int = 0,
        proposal: int = 0,
    ) -> None:
        version = len(self.changes) + 1
        self.changes.append(Change(version, self.now, action, target, account, number, proposal))

    def add(self, document: Document | bytes, body: str = MEMBERS[0], number: int = 0) -> bytes:
        """Add a record, with the number of its kind where the bytes are no document."""
        content = document if isinstance(document, bytes) else encode_document(document)
        kind = number or (0 if isinstance(document, bytes) else KINDS[type(document)])
        target = record_id(content)
        self.documents[target] = content
        self.change(Action.ADD_RECORD, target, body, kind)
        return target

    def remove(self, target: bytes) -> None:
        self.change(Action.REMOVE_RECORD, target, proposal=1)

    def suspend(self, target: bytes) -> None:
        self.change(Action.SUSPEND_RECORD, target)

    def resume(self, target: bytes) -> None:
        self.change(Action.RESUME_RECORD, target, proposal=1)

    def lease(self, tenant: str, holder: str, fence: int = 1) -> None:
        self.change(Action.TAKE_LEASE, tenant_key(tenant), holder, fence)

    def seal(self) -> None:
        self.change(Action.SEAL, account=MEMBERS[0])

    def record_of(self, identifier: str) -> bytes:
        """Return the id of a body's newest record."""
        found = [r for r in self.registry().records if r.document and r.document.id == identifier]
        return found[-1].id

    def basis(self, time: int | None = None) -> Basis:
        at = self.now if time is None else time
        return Basis(len(self.changes), len(self.changes) + 1, "0x" + "44" * 32, at)

    def snapshot(self, publisher: str, time: int | None = None, place: Place = PLACE) -> Snapshot:
        basis = self.basis(time)
        return Snapshot(
            publisher=publisher,
            issued_at=basis.time,
            place=place,
            basis=basis,
            history=history_of(self.changes),
            changes=tuple(self.changes),
            documents=dict(self.documents),
            anchors=tuple(self.anchors),
        )

    def registry(self, time: int | None = None) -> Registry:
        return self.snapshot("https://nobody.example/log", time).registry

    def signed(self, publisher: str, signer: Signer, time: int | None = None) -> str:
        return sign(self.snapshot(publisher, time), signer)


@dataclass
class KeptTwin:
    """What `Snapshots` is to a service, without network and database.

    Attributes:
        twin: the registry.
        age: how old its block is, seconds.
        error: why nothing may be relied on; None while it may.
    """

    twin: RegistryTwin
    age: int = 0
    error: SnapshotError | None = None

    def registry(self, *, now: int) -> Registry:
        if self.error is not None:
            raise self.error
        return self.twin.registry(now - self.age)

    def following(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()


def founded_in(
    folders: StateFolders, catalogue: Catalogue, addresses: Addresses, now: int
) -> RegistryTwin:
    """Return the registry of the municipalities whose keys are in a state folder."""

    def log_keys(tenant: str) -> tuple[str, str]:
        first = (folders.log_keys / f"{tenant}.vkey").read_text("utf-8")
        return first, (folders.log_keys / f"{tenant}.second").read_text("utf-8")

    return founded(catalogue, addresses, partial(load_anchors, folders.anchors), log_keys, now)


def attesting(by_type: Mapping[str, Iterable[Attester]], now: int = 1) -> RegistryTwin:
    """Return a registry in which issuers attest types, and nothing else is said."""
    twin = RegistryTwin(now)
    types: dict[Attester, list[str]] = {}
    for name, attesters in by_type.items():
        for attester in attesters:
            types.setdefault(attester, []).append(name)
    for attester, names in types.items():
        anchors = tuple(sha256(der).digest() for der in attester.anchors)
        twin.anchors += [der for der in attester.anchors if der not in twin.anchors]
        common = (attester.issuer, attester.tenant, 0, FAR)
        twin.add(Issuer(*common, types=tuple(names), anchors=anchors))
    twin.seal()
    return twin


def trust_of(
    by_type: Mapping[str, Iterable[Attester]], types: Mapping[str, str], now: int = 1
) -> TrustList:
    """Return the trust list of such a registry."""
    return TrustList(attesting(by_type, now).registry(), types)


def founded(
    catalogue: Catalogue,
    addresses: Addresses,
    anchors: Callable[[str], Sequence[bytes]],
    log_keys: Callable[[str], tuple[str, str]],
    now: int,
) -> RegistryTwin:
    """Return a registry as a development city founds it."""
    tenants = catalogue.tenants.ids()
    accounts = {tenant: account(tenant) for tenant in tenants}
    twin = RegistryTwin(now, tuple(accounts.values()))
    founders = Founders(accounts, anchors, log_keys, {})
    for each in founding(catalogue, addresses, founders, start=0, end=FAR):
        twin.add(each.document, each.body, each.kind)
    for tenant in tenants:
        twin.lease(tenant, accounts[tenant])
        twin.anchors += anchors(tenant)
    twin.seal()
    return twin

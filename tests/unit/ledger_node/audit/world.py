"""A ledger node with a filled log, an auditor, and visitors without a network."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

import ledger_node.app
from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from ledger_node.publisher.model import LogHead, Submitted
from ledger_node.publisher.store import SqlLogs
from ledger_node.publisher.usecases import Publisher
from ledger_node.settings import Settings
from madang.access.guard import cookie_name
from madang.access.staff import Role, Staff
from madang.core.encoding import base64url, strict_json
from madang.core.evidence.receipt import Receipt
from madang.core.merkle.entry import HOUR, EntryKind, commitment
from madang.core.merkle.tiles import TileTree
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.setup import prepare_state
from madang.infra.tenancy import Addresses

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
TENANT, OTHER = "hanbit", "saebyeol"
NOW = 1_795_410_000
ISSUER = "https://id.hanbit.example/hanbit/issuer"
VERIFIER = "https://id.hanbit.example/hanbit/verifier"
PASSPHRASE = "four words make sense"
UPLOAD_BYTES = 300_000
HEADERS = {"accept": "text/html", "accept-language": "en"}


def salt_of(number: int) -> bytes:
    return number.to_bytes(32)


def digest_of(number: int) -> bytes:
    return (number + 1_000_000).to_bytes(32)


def submitted(number: int, *, hour: int = NOW) -> Submitted:
    """Return thing number so many: mostly credentials, some status lists and decisions."""
    kind = {7: EntryKind.STATUS_LIST, 9: EntryKind.DECISION}.get(number % 10, EntryKind.CREDENTIAL)
    issuer = VERIFIER if kind is EntryKind.DECISION else ISSUER
    return Submitted(
        f"record-{number:06}", kind, commitment(salt_of(number), digest_of(number)), issuer, hour
    )


@dataclass
class World:
    """The node.

    Attributes:
        settings: of the node; its state folder holds everything.
    """

    settings: Settings
    deps: ledger_node.app.Deps
    app: FastAPI
    staff: Staff
    publisher: Publisher

    @classmethod
    def made(cls, state: Path, **changes: Any) -> "World":
        """Make a node whose log is empty but for what the caller adds."""
        told = {
            "state_dir": state,
            "catalog_dir": CATALOG,
            "key_passphrase": "for the tests",
            "audit_upload_bytes": UPLOAD_BYTES,
            "max_body_bytes": 100_000,
        }
        settings = Settings.model_validate({**told, **changes})
        catalogue = load_catalogue(CATALOG)
        addresses = Addresses(catalogue.tenants, settings.origins)
        prepare_state(settings, catalogue, addresses, FixedClock(NOW))
        deps = ledger_node.app.production(settings)
        app = ledger_node.app.build(settings, deps)
        stores = {TENANT: SqlLogs(deps.database, TENANT)}
        publisher = ledger_node.app._publishers(settings, deps, stores)[TENANT]
        publisher.shuffle = list
        return cls(settings, deps, app, Staff(deps.database, deps.ids, settings), publisher)

    def enter(self, numbers: Sequence[int], *, hour: int = NOW) -> LogHead:
        """Enter things and publish a head over them."""
        self.publisher.accept([submitted(number, hour=hour) for number in numbers])
        head = self.publisher.checkpoint()
        assert head is not None
        return head

    def anchor(self, head: LogHead, block: int, *, final: bool = True) -> None:
        """Keep that a block has a head."""
        state = TransactionState.ACCEPTED
        sent = ChainTransaction(
            Purpose(f"append:{head.size}"), b"", f"0x{block:064x}", "0x", block, state
        )
        place = {"block": block, "block_hash": f"0x{block:064x}", "block_time": NOW + block}
        sent = replace(sent, **place, final=final)
        self.publisher.anchored(head, sent)

    def rows(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Return what the office's export says of things whose number is their index."""
        things = [(number, submitted(number)) for number in numbers]
        return [
            {
                "kind": thing.kind.value,
                "digest": base64url.encode(digest_of(number)),
                "salt": base64url.encode(salt_of(number)),
                "index": number,
                "reference": thing.key,
            }
            for number, thing in things
            if thing.kind is not EntryKind.DECISION
        ]

    def receipt(self, number: int) -> Receipt:
        """Return the receipt of a thing whose number is its index."""
        head = self.publisher.newest()
        assert head is not None
        with self.publisher.stores() as store:
            (entry,) = store.entries(number, number + 1)
        tree = TileTree(head.size, self.publisher.files.read)
        return Receipt(
            log_origin=self.publisher.origin,
            kind=entry.kind,
            index=number,
            entry=entry,
            salt=salt_of(number),
            digest=digest_of(number),
            inclusion_proof=tuple(tree.inclusion_proof(number, head.size)),
            checkpoint=head.note,
        )

    def session(self, *roles: Role, tenant: str = TENANT, name: str = "auditor") -> dict[str, str]:
        """Return the headers of somebody who is signed in."""
        now = self.deps.clock.now()
        self.staff.add(tenant, name, PASSPHRASE, roles, now=now)
        token = self.staff.sign_in(tenant, name, PASSPHRASE, now=now)
        return {**HEADERS, "cookie": f"{cookie_name('log')}={token}"}


class Auditor:
    """Somebody who is signed in as an auditor."""

    def __init__(self, world: World, *, app: FastAPI | None = None, name: str = "auditor") -> None:
        self.app = app or world.app
        self.headers = world.session(Role.AUDITOR, name=name)
        self.base = f"/{TENANT}/log"

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._send(method, path, **more))

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            more.setdefault("headers", self.headers)
            return await client.request(method, f"{self.base}{path}", **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, page: str, fields: dict[str, str], **files: bytes) -> httpx.Response:
        """Send a page's form; files make it one of parts."""
        found = re.search(
            rf'action="{self.base}{path}"[^>]*>\s*<input[^>]*value="([^"]+)"', self.get(page).text
        )
        assert found is not None
        parts = {name: (f"{name}.json", content) for name, content in files.items()}
        data = {"csrf": found[1], **fields}
        return self.send("POST", path, data=data, files=parts or None)


def export(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return rows as `madang export` writes them, empty lines between."""
    return "".join(f"{strict_json.dumps(row)}\n\n" for row in rows).encode()


def days_before(days: int) -> int:
    return NOW - days * 24 * HOUR

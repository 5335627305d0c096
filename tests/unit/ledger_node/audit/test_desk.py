"""What the chain and the witnesses say, as the pages show it; none is believed blindly."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from ledger_node.audit.cosigners import LineState
from ledger_node.audit.desk import Desk
from ledger_node.audit.model import ChainHead
from ledger_node.audit.routes import audit_router
from ledger_node.audit.sending import sending_router
from ledger_node.audit.store import SqlAuditedLogs
from ledger_node.publisher.model import LogHead
from madang.access.guard import Guard
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.note import NoteSignature
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.pages import Pages
from tests.unit.ledger_node.audit.world import TENANT, Auditor, World

PAGES = "ledger_node/audit/pages"
WITNESS = "id.saebyeol.example/saebyeol/witness"
SIGNER = generate_ml_dsa_44("witness")
KEY = CosignerKey.of(WITNESS, SIGNER)
TIME = 1_795_412_345


def desk_of(world: World, **changes: Any) -> Desk:
    deps = world.deps
    folder = world.settings.catalog_dir.parent / PAGES
    return Desk(
        publishers={TENANT: world.publisher},
        logs={TENANT: SqlAuditedLogs(deps.database, TENANT)},
        pages=Pages(deps.texts, [folder], service="log", tenants=deps.tenants),
        upload_bytes=100_000,
        utc_offset_hours=9,
        **changes,
    )


def auditor_at(world: World, desk: Desk, name: str) -> Auditor:
    """Return an auditor at a node that knows what the desk knows."""
    deps = world.deps
    guard = Guard("log", deps.tenants, deps.addresses, deps.clock, world.staff, deps.service_keys)
    app = create_app(
        Parts(
            title="a node",
            guard=guard.__call__,
            refuser=Refuser(deps.database, deps.clock, desk.pages),
            errors={},
            routers=[audit_router(desk), sending_router(desk)],
            max_body_bytes=100_000,
        )
    )
    return Auditor(world, app=app, name=name)


def head_of(world: World, size: int) -> LogHead:
    with SqlAuditedLogs(world.deps.database, TENANT)() as state:
        head = state.head(size)
    assert head is not None
    return head


def line(head: LogHead, origin: str) -> NoteSignature:
    return cosign(Checkpoint(origin, head.size, head.root), WITNESS, SIGNER, TIME)


class TestChain:
    @pytest.mark.parametrize(
        ("said", "words", "compared"),
        [
            ("same", "The contract has 300 entries now, and the same", True),
            (ChainHead(300, bytes(32)), "The contract has another root of 300 entries.", True),
            (ChainHead(5, bytes(32)), "The contract covers 5 entries now.", False),
            (None, "The chain does not answer now", False),
        ],
        ids=["same", "other", "behind", "silent"],
    )
    def test_the_chain_s_word_is_held_against_the_log(
        self, world: World, said: ChainHead | str | None, words: str, *, compared: bool
    ) -> None:
        own = ChainHead(300, head_of(world, 300).root)

        async def chain(_tenant: str) -> ChainHead | None:
            return own if said == "same" else said  # type: ignore[return-value]

        page = auditor_at(world, desk_of(world, chain=chain), f"chain {words}").get("/entries/299")
        assert words in page.text
        assert ("data-chain-root" in page.text) is compared


class TestWitnesses:
    def desk(self, world: World, head: LogHead, *, quorum: int = 1, **changes: Any) -> Desk:
        def cosignatures(_tenant: str, size: int) -> Sequence[NoteSignature]:
            return [line(head, world.publisher.origin)] if size == head.size else []

        known = {"witnesses": lambda _: (KEY,), "cosignatures": cosignatures, "quorum": quorum}
        return desk_of(world, **{**known, **changes})

    def test_their_lines_stand_beside_the_log_s_own(self, world: World) -> None:
        head = head_of(world, 25)
        found = self.desk(world, head).lines(TENANT, head)
        assert [(each.name, each.state, each.time) for each in found][2:] == [
            (WITNESS, LineState.GOOD, TIME)
        ]

    def test_a_head_is_final_by_chain_and_quorum(self, world: World) -> None:
        anchored, published = head_of(world, 25), head_of(world, 50)
        for desk, head, state in (
            (self.desk(world, anchored), anchored, "final"),
            (self.desk(world, anchored, quorum=2), anchored, "unwitnessed"),
            (self.desk(world, published), anchored, "unwitnessed"),
            (self.desk(world, published), published, "published"),
            (self.desk(world, anchored, quorum=0), anchored, "anchored"),
            (self.desk(world, anchored, witnesses=lambda _: ()), anchored, "unwitnessed"),
        ):
            assert desk.standing(TENANT, head, desk.lines(TENANT, head)) == state

    def test_one_key_under_two_names_is_one_witness(self, world: World) -> None:
        """Its line of Ed25519 fits both names."""
        head, signer = head_of(world, 25), generate_ed25519("w")
        names = ("a.example/w", "b.example/w")
        keys = [CosignerKey.of(name, signer) for name in names]
        signed = Checkpoint(world.publisher.origin, head.size, head.root)
        lines = [cosign(signed, name, signer, TIME) for name in names]
        for quorum, state in ((1, "final"), (2, "unwitnessed")):
            desk = self.desk(
                world,
                head,
                quorum=quorum,
                witnesses=lambda _: keys,
                cosignatures=lambda *_: lines,
            )
            assert desk.standing(TENANT, head, desk.lines(TENANT, head)) == state

    def test_the_pages_say_so(self, world: World) -> None:
        auditor = auditor_at(world, self.desk(world, head_of(world, 25)), "witnessed")
        page = auditor.get("/heads/25").text
        assert "final: on the chain and witnessed" in page
        assert WITNESS in page
        assert "final on the chain, waiting for witnesses" in auditor.get("/heads/75").text
        assert "final: on the chain and witnessed" in auditor.get("/entries/3").text

    def test_what_they_hold_against_the_log_is_shown_side_by_side(self, world: World) -> None:
        publisher, head = world.publisher, head_of(world, 25)
        other = checkpoint.sign(Checkpoint(publisher.origin, 25, bytes(32)), publisher.signer)

        async def conflicts(_tenant: str) -> Sequence[tuple[str, str]]:
            return [(head.note, other)]

        auditor = auditor_at(world, desk_of(world, conflicts=conflicts), "split")
        page = auditor.get("/split").text
        assert "A split view" in page
        assert head.root.hex() in page
        assert bytes(32).hex() in page

    def test_silence_is_no_conflict(self, world: World) -> None:
        desk = desk_of(world)
        assert asyncio.run(desk.conflicts(TENANT)) == ()  # type: ignore[arg-type]
        assert "No witness of this log" in auditor_at(world, desk, "no split").get("/split").text

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlmodel import col, select

from madang.core.encoding import base64url
from madang.core.evidence.receipt import Receipt, check
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519, generate_p256
from madang.core.merkle.entry import EntryKind, commitment
from madang.core.merkle.note import VerifierKey
from madang.core.protocol.oid4vci.receipt_request import make_receipt_request
from madang.infra.log_client import AppendEntry
from madang.infra.outbox import OutboxRow
from tests.unit.issuer.world import OTHER, TENANT, World, digest_of
from tests.unit.madang.infra.tile_log import TileLog


@pytest.fixture
def log(world: World) -> TileLog:
    found = world.deps.log
    assert isinstance(found, TileLog)
    return found


@pytest.fixture
def log_client(log_key: Signer, origin: str) -> TileLog:
    return TileLog(origin, log_key)


def deliver(world: World) -> None:
    """Hand over what waits in the outbox."""
    with world.deps.database.transaction() as session:
        rows = session.exec(select(OutboxRow).where(col(OutboxRow.log_index).is_(None))).all()
        for row in rows:
            salt, digest = base64url.decode(row.salt), base64url.decode(row.digest)
            committed, kind = commitment(salt, digest), EntryKind(row.kind)
            entry = AppendEntry(row.key, kind, committed, row.issuer, row.hour)
            indexes = asyncio.run(world.deps.log.append(TENANT, [entry]))
            row.log_index = indexes[row.key]


def ask(
    world: World, key: Signer, copies: Sequence[str], nonce: str = "", **changes: object
) -> Any:
    nonce = nonce or world.nonce()
    proof = make_receipt_request(key, world.identifier(), nonce, world.clock.now())
    digests = [base64url.encode(digest_of(copy)) for copy in copies]
    return world.post("receipts", json={"proof": proof, "credential_digests": digests} | changes)


def read(answer: Mapping[str, Any], compact: str) -> Receipt | None:
    value = answer["receipts"][base64url.encode(digest_of(compact))]
    return None if value is None else Receipt.from_json(value)


def test_there_is_none_before_the_log_has_published(
    world: World, log: TileLog, holder_keys: Sequence[Signer]
) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    assert read(ask(world, holder_keys[0], copies[:1]).json(), copies[0]) is None
    deliver(world)
    assert read(ask(world, holder_keys[0], copies[:1]).json(), copies[0]) is None


def test_a_receipt_holds_without_a_network(
    world: World, log: TileLog, holder_keys: Sequence[Signer]
) -> None:
    others = [
        AppendEntry(
            f"o{n}",
            EntryKind.RULE,
            commitment(bytes(16), bytes([n % 256] * 32)),
            world.identifier(),
            0,
        )
        for n in range(300)
    ]
    asyncio.run(log.append(TENANT, others))
    copies = world.digital_id(world.people()[0], holder_keys)
    deliver(world)
    log.publish(TENANT)
    key = VerifierKey.of(log.origin, log.signer)
    for holder, copy in zip(holder_keys, copies, strict=True):
        receipt = read(ask(world, holder, [copy]).json(), copy)
        assert receipt is not None
        assert check(receipt, key, thing=digest_of(copy)).ok
        assert receipt.index >= 300


def test_what_came_after_the_checkpoint_waits(
    world: World, log: TileLog, holder_keys: Sequence[Signer]
) -> None:
    person = world.people("lease")[0]
    identity = world.digital_id(person, holder_keys[:1])[0]
    deliver(world)
    log.publish(TENANT)
    token = world.redeem(world.certificates(identity, "lease").json())
    fetched = world.fetch(token, "lease", holder_keys[:1]).json()["credentials"]
    deliver(world)
    lease = fetched[0]["credential"]
    answer = ask(world, holder_keys[0], [identity, lease]).json()
    assert read(answer, identity) is not None
    assert read(answer, lease) is None


def test_another_keys_copy_is_denied(
    world: World, log: TileLog, holder_keys: Sequence[Signer]
) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    for asked in (copies[1:2], copies[:2]):
        with world.refused("credential.credential_request_denied"):
            answer = ask(world, holder_keys[0], asked)
        assert (answer.status_code, answer.json()["error"]) == (400, "credential_request_denied")


def test_a_stranger_is_denied(world: World, log: TileLog, holder_keys: Sequence[Signer]) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    with world.refused("credential.credential_request_denied"):
        assert ask(world, generate_p256("stranger"), copies[:1]).status_code == 400


def test_a_nonce_is_good_once(world: World, log: TileLog, holder_keys: Sequence[Signer]) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    nonce = world.nonce()
    assert ask(world, holder_keys[0], copies[:1], nonce).status_code == 200
    with world.refused("credential.invalid_nonce"):
        answer = ask(world, holder_keys[0], copies[:1], nonce)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_nonce")


def test_a_key_proof_is_no_receipt_request(
    world: World, log: TileLog, holder_keys: Sequence[Signer]
) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    (proof,) = world.proofs(holder_keys[:1], world.nonce())
    with world.refused("credential.invalid_proof"):
        answer = ask(world, holder_keys[0], copies[:1], proof=proof)
    assert answer.json()["error"] == "invalid_proof"


@pytest.mark.parametrize(
    ("digests", "code", "line"),
    [
        ([], "invalid_credential_request", "credential.invalid_credential_request"),
        (
            [base64url.encode(bytes([n] * 32)) for n in range(65)],
            "invalid_credential_request",
            "credential.invalid_credential_request",
        ),
        (["AA"], "invalid_request", "request.malformed"),
        ("AA", "invalid_request", "request.malformed"),
    ],
)
def test_a_malformed_request_is_refused(
    world: World, holder_keys: Sequence[Signer], digests: object, code: str, line: str
) -> None:
    assert world.settings.receipts_most == 64
    with world.refused(line):
        answer = ask(world, holder_keys[0], [], credential_digests=digests)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


@pytest.fixture
def published(world: World, log: TileLog, holder_keys: Sequence[Signer]) -> str:
    copy = world.digital_id(world.people()[0], holder_keys)[0]
    deliver(world)
    log.publish(TENANT)
    return copy


def test_a_checkpoint_of_another_key_is_not_believed(
    world: World, log: TileLog, holder_keys: Sequence[Signer], published: str
) -> None:
    log.signer = generate_ed25519("another")
    log.publish(TENANT)
    with world.refused("receipts.log_not_believed"):
        answer = ask(world, holder_keys[0], [published])
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


def test_another_logs_checkpoint_is_not_believed(
    world: World, log: TileLog, holder_keys: Sequence[Signer], published: str
) -> None:
    log.origin = world.deps.addresses.log_origin(OTHER)
    log.publish(TENANT)
    with world.refused("receipts.log_not_believed"):
        assert ask(world, holder_keys[0], [published]).status_code == 503


@pytest.mark.parametrize("size", [32, 31])
def test_false_files_are_not_believed(
    world: World, log: TileLog, holder_keys: Sequence[Signer], published: str, size: int
) -> None:
    log.files = {tile: b"x" * len(data) if size == 32 else b"x" for tile, data in log.files.items()}
    with world.refused("receipts.log_not_believed"):
        assert ask(world, holder_keys[0], [published]).status_code == 503


def test_no_note_is_not_believed(
    world: World, log: TileLog, holder_keys: Sequence[Signer], published: str
) -> None:
    log.note = "no note"
    with world.refused("receipts.log_not_believed"):
        assert ask(world, holder_keys[0], [published]).status_code == 503

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.trust import snapshot as snapshots
from madang.core.trust.accreditation import Issuer
from madang.core.trust.place import Place, PlaceError, parse_place
from madang.core.trust.snapshot import SnapshotError, open_snapshot, sign
from madang.core.trust.snapshot_check import Expectation, Seen, verify, verify_kept
from madang.infra import ca
from tests.accreditations import FAR, MEMBERS, PLACE, RegistryTwin

T0 = 1_780_000_000
DAY = 86_400
LOG = "https://hanbit.example/hanbit/log"
ISSUER = Issuer(
    "https://hanbit.example/hanbit/issuer", "hanbit", 0, FAR, types=("t",), anchors=(b"\7" * 32,)
)


def _signer(uri: str) -> tuple[bytes, SoftwareSigner]:
    top = ca.root(ec.generate_private_key(ec.SECP256R1()), "root", now=T0)
    below = ca.intermediate(top, ec.generate_private_key(ec.SECP256R1()), "city", now=T0)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = ca.leaf(below, key.public_key(), "leaf", uri=uri, dns="hanbit.example", now=T0)
    return top.der, SoftwareSigner(key, "k1", (leaf, below.der))


ROOT, SIGNER = _signer(LOG)
VERIFIER = "https://hanbit.example/hanbit/verifier"
OTHER_ROOT, OTHER = _signer(VERIFIER)
EXPECTED = Expectation((ROOT,), PLACE, (LOG,))


def found() -> RegistryTwin:
    twin = RegistryTwin(T0)
    twin.add(ISSUER)
    twin.anchors.append(ROOT)
    twin.lease("hanbit", MEMBERS[0])
    twin.seal()
    return twin


TWIN = found()
SIGNED = TWIN.signed(LOG, SIGNER)


def codes(compact: str, expected: Expectation = EXPECTED, now: int = T0) -> list[str]:
    return [failure.code for failure in verify(compact, expected, now=now).failures]


def altered(compact: str = SIGNED, *, by: Any = SIGNER, **changes: object) -> str:
    """Sign the claims again with members changed; None takes one away."""
    opened = jws.parse(compact, max_bytes=len(compact))
    claims = {**jws.claims(opened), **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    header = {name: value for name, value in opened.header.items() if name != "alg"}
    return jws.sign(json.dumps(kept).encode(), header, by)


def test_a_good_snapshot_gives_the_registry_and_says_what_it_rests_on() -> None:
    verdict = verify(SIGNED, EXPECTED, now=T0 + 5)
    assert verdict.ok
    registry = verdict.relied()
    assert registry.issuer(ISSUER.id, "t", at=T0, now=T0)
    assert registry.basis.version == len(TWIN.changes)
    assert registry.basis.age(T0 + 5) == 5
    assert registry.basis.age(T0 - 5) == 0
    assert verdict.snapshot == TWIN.snapshot(LOG)


def test_it_tells_everything_in_plain_members_too() -> None:
    claims = jws.claims(jws.parse(SIGNED))
    assert (claims["iss"], claims["iat"]) == (LOG, T0)
    assert (claims["chain_id"], claims["contract"]) == (PLACE.chain_id, PLACE.contract)
    assert claims["block"] == {"number": 8, "hash": "0x" + "44" * 32, "time": T0}
    assert (claims["version"], claims["quorum"]) == (7, 2)
    assert claims["members"] == sorted(MEMBERS)
    assert claims["records"][0]["kind"] == 1
    assert claims["leases"][b"hanbit".hex()]["fence"] == 1
    assert jws.parse(SIGNED).header["typ"] == "accreditation-snapshot+jwt"


def test_a_snapshot_of_another_chain_is_refused() -> None:
    for name, value in (
        ("chain_id", 1),
        ("genesis_hash", "0x" + "99" * 32),
        ("contract", "0x" + "99" * 20),
        ("code_hash", "0x" + "99" * 32),
    ):
        assert codes(altered(**{name: value})) == ["snapshot_other_chain"]


def test_the_case_of_an_address_is_no_difference() -> None:
    place = replace(PLACE, contract="0x" + "aB" * 20)
    snapshot = TWIN.snapshot(LOG, place=replace(PLACE, contract="0x" + "ab" * 20))
    assert codes(sign(snapshot, SIGNER), replace(EXPECTED, place=place)) == []


def test_a_changed_record_is_refused() -> None:
    records = [*jws.claims(jws.parse(SIGNED))["records"]]
    records[0] = {**records[0], "suspended": T0}
    assert codes(altered(records=records)) == ["snapshot_records"]
    assert codes(altered(members=[])) == ["snapshot_records"]
    assert codes(altered(quorum=1)) == ["snapshot_records"]


def test_a_change_that_is_left_out_or_altered_is_another_history() -> None:
    suspended = found()
    record = suspended.record_of(ISSUER.id)
    suspended.suspend(record)
    told = suspended.snapshot(LOG)
    hidden = replace(told, changes=told.changes[:-1])
    assert codes(sign(hidden, SIGNER)) == ["snapshot_history", "snapshot_history"]
    lowered = replace(hidden, basis=replace(told.basis, version=len(hidden.changes)))
    assert codes(sign(lowered, SIGNER)) == ["snapshot_history"]


def test_a_document_that_is_missing_or_another_is_refused() -> None:
    assert codes(altered(documents=[])) == ["snapshot_malformed"]
    assert codes(altered(documents=[base64url.encode(b"{}")])) == ["snapshot_malformed"]


def test_a_registry_that_is_not_sealed_is_believed_nothing() -> None:
    twin = RegistryTwin(T0)
    twin.add(ISSUER)
    assert codes(twin.signed(LOG, SIGNER)) == ["snapshot_unsealed"]


@pytest.mark.parametrize(
    ("compact", "expected"),
    [
        (altered(by=generate_p256("k1")), EXPECTED),
        (SIGNED, replace(EXPECTED, roots=(OTHER_ROOT,))),
        (SIGNED, replace(EXPECTED, roots=())),
        (TWIN.signed(LOG, OTHER), replace(EXPECTED, roots=(OTHER_ROOT,))),
        (TWIN.signed(LOG, generate_p256("k1")), EXPECTED),
        (
            altered(iss=ISSUER.id),
            replace(EXPECTED, publishers=(LOG, ISSUER.id)),
        ),
    ],
    ids=["another key", "another root", "no root", "another service", "no chain", "another name"],
)
def test_whose_word_it_is(compact: str, expected: Expectation) -> None:
    assert codes(compact, expected) == ["snapshot_signature"]


def test_a_key_that_is_certified_for_another_purpose_publishes_nothing() -> None:
    expected = replace(EXPECTED, roots=(OTHER_ROOT,))
    assert codes(TWIN.signed(VERIFIER, OTHER), expected) == ["snapshot_publisher"]
    assert codes(TWIN.signed(VERIFIER, OTHER), replace(expected, publishers=(VERIFIER,))) == []


def test_type_and_algorithm() -> None:
    claims, header = jws.parse(SIGNED).payload, jws.chain_header(SIGNER.certificate_chain)
    assert codes(jws.sign(claims, {"typ": "JWT", **header}, SIGNER)) == ["snapshot_type"]
    forged = jws.sign(claims, {"typ": "accreditation-snapshot+jwt", **header}, SIGNER).split(".")
    head = {**jws.parse(SIGNED).header, "alg": "none"}
    forged[0] = base64url.encode(json.dumps(head).encode())
    assert codes(".".join(forged)) == ["snapshot_algorithm", "snapshot_signature"]


def test_a_stale_one_and_one_from_ahead() -> None:
    assert codes(SIGNED, now=T0 + DAY) == []
    assert codes(SIGNED, now=T0 + DAY + 1) == ["snapshot_stale"]
    assert codes(SIGNED, replace(EXPECTED, max_age=10), now=T0 + 11) == ["snapshot_stale"]
    assert codes(SIGNED, now=T0 - 60) == []
    assert codes(TWIN.signed(LOG, SIGNER, T0 + 61)) == ["snapshot_ahead"]


def _seen(twin: RegistryTwin) -> Expectation:
    seen = verify(twin.signed(LOG, SIGNER), EXPECTED, now=twin.now).seen
    assert seen is not None
    return replace(EXPECTED, seen=seen)


def test_one_older_than_what_was_seen_is_a_rollback() -> None:
    newer = found()
    newer.suspend(newer.record_of(ISSUER.id))
    assert codes(SIGNED, _seen(newer)) == ["snapshot_rolled_back"]
    assert codes(newer.signed(LOG, SIGNER), _seen(TWIN)) == []
    assert codes(SIGNED, _seen(TWIN)) == []


def test_the_same_version_of_an_earlier_block_is_older_too() -> None:
    seen = _seen(TWIN).seen
    assert seen is not None
    later = replace(EXPECTED, seen=replace(seen, block=seen.block + 1))
    assert codes(SIGNED, later) == ["snapshot_rolled_back"]


def test_one_that_does_not_continue_what_was_seen_is_a_fork() -> None:
    other = RegistryTwin(T0)
    other.add(replace(ISSUER, valid_from=1))
    other.anchors.append(ROOT)
    other.lease("hanbit", MEMBERS[0])
    other.seal()
    assert codes(other.signed(LOG, SIGNER), _seen(TWIN)) == ["snapshot_forked"]


def test_one_kept_is_held_against_the_time_when_it_was_signed() -> None:
    long_after = T0 + 100 * 365 * DAY
    assert "snapshot_signature" in codes(SIGNED, now=long_after)
    kept = verify_kept(SIGNED, EXPECTED)
    assert kept.seen == _seen(TWIN).seen
    assert verify_kept(SIGNED, replace(EXPECTED, roots=(OTHER_ROOT,))).seen is None
    assert verify_kept("x", EXPECTED).seen is None


def test_one_kept_is_relied_on_in_its_time_alone() -> None:
    kept = verify_kept(SIGNED, EXPECTED)
    assert kept.relied_at(T0 - 60, max_age=DAY) == kept.relied_at(T0 + DAY, max_age=DAY)
    for now, code in ((T0 - 61, "snapshot_ahead"), (T0 + DAY + 1, "snapshot_stale")):
        with pytest.raises(SnapshotError) as refused:
            kept.relied_at(now, max_age=DAY)
        assert refused.value.code == code
    with pytest.raises(SnapshotError) as refused:
        verify_kept("x", EXPECTED).relied_at(T0, max_age=DAY)
    assert refused.value.code == "snapshot_malformed"


def test_nothing_is_judged_by_a_snapshot_that_failed() -> None:
    verdict = verify(SIGNED, EXPECTED, now=T0 + 2 * DAY)
    assert not verdict.ok
    assert verdict.registry is None
    assert verdict.seen is None
    with pytest.raises(SnapshotError) as refused:
        verdict.relied()
    assert refused.value.code == "snapshot_stale"


MALFORMED: dict[str, dict[str, object]] = {
    "no publisher": {"iss": None},
    "an empty publisher": {"iss": ""},
    "a time as text": {"iat": "1"},
    "a time before the epoch": {"iat": -1},
    "a chain id that is true": {"chain_id": True},
    "a genesis hash that is none": {"genesis_hash": "x"},
    "no block": {"block": None},
    "a block that is text": {"block": "8"},
    "a history too short": {"history": "00"},
    "a history that is no hex": {"history": "x"},
    "changes that are text": {"changes": "x"},
    "a change that is a number": {"changes": [5]},
    "a change that is no change": {"changes": ["AAAA"]},
    "a document that is no base64url": {"documents": ["="]},
    "an anchor too long": {"anchors": [base64url.encode(bytes(5000))]},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_cannot_be_read_ends_with_the_first_step(name: str) -> None:
    verdict = verify(altered(**MALFORMED[name]), EXPECTED, now=T0)
    assert [(each.code, each.step) for each in verdict.failures] == [("snapshot_malformed", 1)]
    assert verdict.snapshot is None


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_a_snapshot_or_the_one_error(compact: str | bytes) -> None:
    with pytest.raises(SnapshotError):
        open_snapshot(compact)


@given(st.sampled_from(sorted(jws.claims(jws.parse(SIGNED)))), st.data())
def test_any_value_of_any_member_fails_in_words(name: str, data: st.DataObject) -> None:
    value = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=4,
        )
    )
    verdict = verify(altered(**{name: value}), EXPECTED, now=T0)
    assert verdict.ok == (verdict.registry is not None)


RECORD = {
    "chain_id": 8283,
    "genesis_hash": PLACE.genesis_hash,
    "contracts": {
        "AnchorLog": {"address": "0x" + "55" * 20, "code_hash": PLACE.code_hash},
        "Accreditation": {"address": PLACE.contract, "code_hash": PLACE.code_hash},
    },
}


def test_where_the_registry_is_stands_in_the_record_of_the_contracts() -> None:
    assert parse_place(json.dumps(RECORD).encode()) == PLACE


WRONG_RECORDS: dict[str, Callable[[], object]] = {
    "no JSON": lambda: b"x",
    "a list": list,
    "no registry": lambda: {**RECORD, "contracts": {}},
    "a chain of none": lambda: {**RECORD, "chain_id": 0},
    "a chain that is true": lambda: {**RECORD, "chain_id": True},
    "an address too short": lambda: {
        **RECORD,
        "contracts": {"Accreditation": {"address": "0x1", "code_hash": PLACE.code_hash}},
    },
}


@pytest.mark.parametrize("name", WRONG_RECORDS)
def test_a_record_that_does_not_say_where(name: str) -> None:
    value = WRONG_RECORDS[name]()
    with pytest.raises(PlaceError):
        parse_place(value if isinstance(value, bytes) else json.dumps(value).encode())


def test_places_differ_by_name() -> None:
    other = Place(1, PLACE.genesis_hash, "0x" + "00" * 20, PLACE.code_hash)
    assert PLACE.differences(other) == ("chain_id", "contract")
    assert PLACE.differences(PLACE) == ()


def test_what_was_seen_is_version_history_and_block() -> None:
    verdict = verify(SIGNED, EXPECTED, now=T0)
    assert verdict.seen == Seen(7, TWIN.snapshot(LOG).history, 8)


def test_what_no_reader_takes_is_not_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MAX_BYTES", len(SIGNED))
    open_snapshot(TWIN.signed(LOG, SIGNER))
    monkeypatch.setattr(snapshots, "MAX_BYTES", len(SIGNED) - 1)
    with pytest.raises(SnapshotError, match=f"{len(SIGNED)} bytes, readers .* {len(SIGNED) - 1}"):
        TWIN.signed(LOG, SIGNER)


@pytest.mark.parametrize(
    ("limit", "most", "what"),
    [
        ("MAX_CHANGES", len(TWIN.changes) - 1, "changes"),
        ("MAX_CHANGES", 0, "changes"),
        ("MAX_ANCHORS", 0, "anchors"),
        ("MAX_ANCHOR_BYTES", 10, "bytes of an anchor"),
    ],
)
def test_nor_what_has_more_parts_than_a_reader_takes(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, what: str
) -> None:
    monkeypatch.setattr(snapshots, limit, most)
    with pytest.raises(SnapshotError, match=f"{what}, readers") as refused:
        TWIN.signed(LOG, SIGNER)
    assert refused.value.code == "snapshot_too_large"
    with pytest.raises(SnapshotError) as refused:
        open_snapshot(SIGNED)
    assert refused.value.code == "snapshot_malformed"

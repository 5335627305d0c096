import contextlib
from hashlib import sha256

import pytest
from eth_abi.abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from madang.core.trust.accreditation import Issuer
from madang.core.trust.changes import Action, Change, ChangeError, history_of, replay
from tests.accreditations import FAR, MEMBERS, PLACE, RegistryTwin

T0 = 1_780_000_000
ID = "https://hanbit.example/hanbit/issuer"
ISSUER = Issuer(ID, "hanbit", 0, FAR, types=("https://t/lease/1",), anchors=(b"\7" * 32,))
TYPES = ["uint64", "uint64", "uint8", "bytes32", "address", "uint256", "uint256"]
CHANGES = st.builds(
    Change,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.sampled_from(Action),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=20, max_size=20).map(lambda raw: f"0x{raw.hex()}"),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
)


@given(CHANGES)
def test_a_change_is_encoded_as_the_abi_has_it_and_reads_back(change: Change) -> None:
    values = (change.version, change.time, change.action, change.target, change.account)
    assert change.encoded == abi_encode(TYPES, [*values, change.number, change.proposal])
    assert Change.decode(change.encoded) == change


@given(st.binary(max_size=300) | st.binary(min_size=224, max_size=224))
def test_any_bytes_are_a_change_or_the_one_error(data: bytes) -> None:
    with contextlib.suppress(ChangeError):
        assert Change.decode(data).encoded == data


def test_the_history_begins_at_zero_and_chains_each_change() -> None:
    changes = RegistryTwin(T0).changes
    assert history_of(()) == bytes(32)
    first = sha256(bytes(32) + changes[0].encoded).digest()
    assert history_of(changes[:2]) == sha256(first + changes[1].encoded).digest()


def test_the_state_is_that_of_the_changes() -> None:
    twin = RegistryTwin(T0)
    record = twin.add(ISSUER, MEMBERS[1])
    twin.lease("hanbit", MEMBERS[0])
    twin.change(Action.SET_ANCHOR_LOG, account=PLACE.contract)
    twin.seal()
    twin.change(Action.REMOVE_MEMBER, account=MEMBERS[0], proposal=1)
    twin.now += 5
    twin.suspend(record)
    state = replay(twin.changes, twin.documents)
    assert state.to_json() == {
        "members": sorted(MEMBERS[1:]),
        "quorum": 2,
        "leases": {b"hanbit".hex(): {"holder": MEMBERS[0], "fence": 1, "since": T0}},
        "records": [
            {
                "id": record.hex(),
                "kind": 1,
                "body": MEMBERS[1],
                "since": T0,
                "suspended": T0 + 5,
                "removed": 0,
            }
        ],
    }
    assert state.sealed
    assert state.records[0].document == ISSUER


def test_before_the_seal_the_state_says_so() -> None:
    assert not replay(RegistryTwin(T0).changes, {}).sealed


def _added() -> tuple[RegistryTwin, bytes]:
    twin = RegistryTwin(T0)
    return twin, twin.add(ISSUER)


def _unknown() -> RegistryTwin:
    twin, _ = _added()
    twin.suspend(b"\1" * 32)
    return twin


def _twice() -> RegistryTwin:
    twin, _ = _added()
    twin.add(ISSUER)
    return twin


def _without_document() -> RegistryTwin:
    twin, _ = _added()
    twin.documents.clear()
    return twin


def _with_another_document() -> RegistryTwin:
    twin, record = _added()
    twin.documents[record] = b"{}"
    return twin


def _suspended_twice() -> RegistryTwin:
    twin, record = _added()
    twin.suspend(record)
    twin.suspend(record)
    return twin


def _resumed_for_nothing() -> RegistryTwin:
    twin, record = _added()
    twin.resume(record)
    return twin


def _back_from_removal() -> RegistryTwin:
    twin, record = _added()
    twin.remove(record)
    twin.suspend(record)
    return twin


def _seated_twice() -> RegistryTwin:
    twin, _ = _added()
    twin.change(Action.ADD_MEMBER, account=MEMBERS[0])
    return twin


def _unseated_stranger() -> RegistryTwin:
    twin, _ = _added()
    twin.change(Action.REMOVE_MEMBER, account=PLACE.contract)
    return twin


def _fence_left_out() -> RegistryTwin:
    twin, _ = _added()
    twin.lease("hanbit", MEMBERS[0], 2)
    return twin


def _another_kind() -> RegistryTwin:
    twin = RegistryTwin(T0)
    twin.add(b"{}", number=9)
    return twin


def _out_of_order() -> RegistryTwin:
    twin, _ = _added()
    twin.changes[0], twin.changes[1] = twin.changes[1], twin.changes[0]
    return twin


@pytest.mark.parametrize(
    "make",
    [
        _unknown,
        _twice,
        _without_document,
        _with_another_document,
        _suspended_twice,
        _resumed_for_nothing,
        _back_from_removal,
        _seated_twice,
        _unseated_stranger,
        _fence_left_out,
        _another_kind,
        _out_of_order,
    ],
    ids=lambda make: make.__name__.strip("_"),
)
def test_changes_that_the_contract_cannot_have_made(make: object) -> None:
    assert callable(make)
    twin = make()
    with pytest.raises(ChangeError, match="change"):
        replay(twin.changes, twin.documents)


def _words(**changed: bytes) -> bytes:
    change = RegistryTwin(T0).changes[0].encoded
    words = {str(at): change[at * 32 : at * 32 + 32] for at in range(7)}
    return b"".join(
        {**words, **{name.strip("w"): value for name, value in changed.items()}}.values()
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        _words()[:-1],
        _words(w2=(15).to_bytes(32)),
        _words(w2=bytes(32)),
        _words(w4=b"\1" * 32),
        _words(w1=b"\xff" * 32),
        _words(w5=b"\xff" * 32),
    ],
    ids=["nothing", "short", "action 15", "action 0", "no account", "no time", "no number"],
)
def test_bytes_that_are_no_change(data: bytes) -> None:
    with pytest.raises(ChangeError):
        Change.decode(data)

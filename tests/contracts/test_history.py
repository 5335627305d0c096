"""One slot proves a whole snapshot: every change is hashed into it, as its event says."""

import re
from typing import Any

import boa
from actions import ADD_MEMBER, REMOVE, REMOVE_MEMBER, RESUME, SET_QUORUM, TAKE_LEASE
from federation import TENANT, Federation, fields, unsealed
from harness import REPOSITORY
from observe import observe
from replay import FIELDS, Change, encoded, history, snapshot

from contracts.artifacts import load


def lived() -> tuple[Federation, list[Change]]:
    """Run a federation through changes of all kinds; return it and all that it emitted."""
    federation = unsealed()
    contract = federation.accreditation
    changes = collected(contract)
    founding = (
        lambda: contract.found(3, federation.body, b"founded"),
        lambda: contract.foundLease(b"saebyeol".ljust(32, b"\0"), federation.body),
        lambda: contract.setAnchorLog(federation.anchor_log.address),
        lambda: contract.foundLease(TENANT, federation.holder),
        contract.seal,
    )
    with federation.at(federation.founder):
        for call in founding:
            call()
            changes += collected(contract)
    record = federation.add()
    changes += collected(contract)
    federation.suspend(record)
    changes += collected(contract)
    decisions = (
        (RESUME, {"target": record}),
        (ADD_MEMBER, {"account": federation.stranger}),
        (SET_QUORUM, {"number": 5}),
        (REMOVE_MEMBER, {"account": federation.stranger}),
        (REMOVE_MEMBER, {"account": federation.members[4]}),
        (TAKE_LEASE, {"target": TENANT, "account": federation.members[0]}),
        (REMOVE, {"target": record}),
    )
    for action, arguments in decisions:
        federation.decide(action, **arguments)
        changes += collected(contract)
    return federation, changes


def collected(contract: Any) -> list[Change]:
    return [fields(each) for each in contract.get_logs() if type(each).__name__ == "Changed"]


def test_the_slot_is_the_hash_of_all_changes() -> None:
    with boa.swap_env(boa.Env()):
        federation, changes = lived()
        slot = load("Accreditation").storage_slots["history"]
        found = boa.env.get_storage(federation.accreditation.address, slot)
        assert federation.accreditation.history() == history(changes)
        assert int(found) == int.from_bytes(history(changes))
        assert [each["version"] for each in changes] == list(range(1, len(changes) + 1))
        assert federation.accreditation.version() == len(changes)
        for count, change in enumerate(changes, start=1):
            assert change["history"] == history(changes[:count])


def test_the_changes_give_the_whole_state() -> None:
    with boa.swap_env(boa.Env()):
        federation, changes = lived()
        expected = snapshot(changes)
        found = observe(federation, expected.leases, [])
        assert found.records == expected.records
        assert found.leases == expected.leases
        assert (set(found.members), found.quorum) == (expected.members, expected.quorum)
        assert expected.sealed
        assert expected.anchor_log == federation.anchor_log.address


def test_a_change_left_out_or_altered_shows() -> None:
    with boa.swap_env(boa.Env()):
        _, changes = lived()
    whole = history(changes)
    for place, change in enumerate(changes):
        assert history([*changes[:place], *changes[place + 1 :]]) != whole
        for name in FIELDS:
            value = change[name]
            other = bytes(31) + b"\x09" if isinstance(value, bytes) else "0x" + "09" * 20
            altered = change | {name: value + 1 if isinstance(value, int) else other}
            assert history([*changes[:place], altered, *changes[place + 1 :]]) != whole


def test_a_change_is_seven_words() -> None:
    change = {
        "version": 1,
        "time": 2,
        "action": 3,
        "target": b"\x04" * 32,
        "account": "0x" + "05" * 20,
        "number": 6,
        "proposal": 7,
    }
    numbers = [n.to_bytes(32) for n in (1, 2, 3)]
    expected = [
        *numbers,
        b"\x04" * 32,
        bytes(12) + b"\x05" * 20,
        (6).to_bytes(32),
        (7).to_bytes(32),
    ]
    assert encoded(change) == b"".join(expected)


def test_the_page_says_how_to_recompute_it() -> None:
    page = (REPOSITORY / "docs" / "contracts.md").read_text("utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(code, namespace)  # noqa: S102 - the page is ours
    with boa.swap_env(boa.Env()):
        federation, changes = lived()
        assert namespace["history"](changes) == federation.accreditation.history()

"""The founder lays the ground and leaves for good; before that nobody else acts."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from actions import ADD, ISSUER, LOG, NOTHING, SUSPEND, ZERO_ADDRESS
from federation import DOCUMENT, LABEL, QUORUM, TENANT, Federation, record_id
from harness import DELAY, address_of, compiled

DAY = 86_400
Call = Callable[[Federation], object]


def found(federation: Federation, kind: int = ISSUER, document: bytes = DOCUMENT) -> object:
    return federation.accreditation.found(kind, federation.body, document)


FOUNDERS: dict[str, Call] = {
    "found": found,
    "foundLease": lambda f: f.accreditation.foundLease(LABEL, f.holder),
    "setAnchorLog": lambda f: f.accreditation.setAnchorLog(f.anchor_log.address),
    "seal": lambda f: f.accreditation.seal(),
}
OTHERS: dict[str, Call] = {
    "propose": lambda f: f.propose(SUSPEND, target=record_id(DOCUMENT)),
    "suspend": lambda f: f.suspend(record_id(DOCUMENT)),
    "handLease": lambda f: f.accreditation.handLease(TENANT, f.holder),
    "acceptGuardian": lambda f: f.accreditation.acceptGuardian(),
}


def test_a_deployment_begins_with_its_members(founding: Federation) -> None:
    contract = founding.accreditation
    assert contract.members() == founding.members
    assert (contract.quorum(), contract.delay()) == (QUORUM, DELAY)
    assert (contract.founder(), contract.sealed()) == (founding.founder, False)
    assert contract.version() == len(founding.members) + 1
    assert (contract.recordCount(), contract.proposalCount()) == (0, 0)
    assert contract.anchorLog() == ZERO_ADDRESS


@pytest.mark.parametrize(
    ("count", "quorum"), [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1), (3, 1), (4, 2), (5, 6), (32, 16)]
)
def test_the_quorum_is_a_majority_of_the_members(
    founding: Federation, count: int, quorum: int
) -> None:
    members = [address_of(f"other {n}") for n in range(count)]
    with pytest.raises(boa.BoaError, match="no majority"):
        compiled("Accreditation").deploy(members, quorum, DELAY)


@pytest.mark.parametrize(("count", "quorum"), [(1, 1), (2, 2), (3, 2), (32, 17), (32, 32)])
def test_any_majority_will_do(founding: Federation, count: int, quorum: int) -> None:
    members = [address_of(f"other {n}") for n in range(count)]
    contract = compiled("Accreditation").deploy(members, quorum, DELAY)
    assert (contract.members(), contract.quorum()) == (members, quorum)


@pytest.mark.parametrize("delay", [0, DAY - 1, 90 * DAY + 1])
def test_the_delay_is_between_1_and_90_days(founding: Federation, delay: int) -> None:
    with pytest.raises(boa.BoaError, match="delay not 1 to 90 days"):
        compiled("Accreditation").deploy(founding.members, QUORUM, delay)


@pytest.mark.parametrize("delay", [DAY, 90 * DAY])
def test_the_bounds_of_the_delay_are_allowed(founding: Federation, delay: int) -> None:
    assert compiled("Accreditation").deploy(founding.members, QUORUM, delay).delay() == delay


def test_members_are_real_and_each_is_one(founding: Federation) -> None:
    first, second, *_ = founding.members
    with pytest.raises(boa.BoaError, match="a member already"):
        compiled("Accreditation").deploy([first, second, first], 2, DELAY)
    with pytest.raises(boa.BoaError, match="wrong account"):
        compiled("Accreditation").deploy([first, ZERO_ADDRESS], 2, DELAY)


def test_the_founder_adds_records_and_leases(founding: Federation) -> None:
    contract = founding.accreditation
    with founding.at(founding.founder):
        record = contract.found(LOG, founding.body, DOCUMENT)
        added = founding.events()
        contract.foundLease(TENANT, founding.holder)
        [leased] = founding.changes()
    assert record == record_id(DOCUMENT) == contract.recordAt(0)
    expected = {"id": record, "kind": LOG, "body": founding.body, "document": DOCUMENT}
    assert added[1] == ("RecordAdded", expected)
    assert contract.recordCount() == 1
    assert tuple(contract.record(record)) == (LOG, founding.body, founding.now, 0, 0)
    assert tuple(contract.lease(TENANT)) == (founding.holder, 1, founding.now)
    assert (leased["account"], leased["number"], leased["proposal"]) == (founding.holder, 1, 0)


@pytest.mark.parametrize("name", FOUNDERS)
def test_nobody_else_founds(founding: Federation, name: str) -> None:
    for account in (founding.stranger, founding.members[0], founding.body):
        with founding.at(account), founding.refuses("not the founder"):
            FOUNDERS[name](founding)


@pytest.mark.parametrize("name", FOUNDERS)
def test_after_the_seal_the_founder_is_a_stranger(federation: Federation, name: str) -> None:
    assert federation.accreditation.sealed()
    assert federation.accreditation.founder() == ZERO_ADDRESS
    for account in (federation.founder, federation.members[0], ZERO_ADDRESS):
        with federation.at(account), federation.refuses("sealed"):
            FOUNDERS[name](federation)


def test_the_founder_is_no_member(federation: Federation) -> None:
    with federation.at(federation.founder), federation.refuses("not a member"):
        federation.accreditation.propose(ADD, bytes(31) + b"\1", federation.body, 0, DOCUMENT)


@pytest.mark.parametrize("name", OTHERS)
def test_before_the_seal_nobody_else_acts(founding: Federation, name: str) -> None:
    with founding.at(founding.founder):
        found(founding)
        founding.accreditation.foundLease(TENANT, founding.holder)
    with founding.at(founding.holder), founding.refuses("not sealed"):
        OTHERS[name](founding)


def test_a_founded_record_is_whole(founding: Federation) -> None:
    with founding.at(founding.founder):
        for kind in (0, 5, 255):
            with founding.refuses("no such kind"):
                found(founding, kind)
        with founding.refuses("wrong account"):
            founding.accreditation.found(ISSUER, ZERO_ADDRESS, DOCUMENT)
        with founding.refuses("wrong document"):
            found(founding, document=b"")
        for kind in range(1, 5):
            found(founding, kind, b"%d" % kind)
        with founding.refuses("record exists"):
            found(founding, document=b"1")
    assert founding.accreditation.recordCount() == 4


def test_a_document_has_a_limit(founding: Federation) -> None:
    with founding.at(founding.founder):
        largest = bytes(16_384)
        assert found(founding, document=largest) == record_id(largest)
        with pytest.raises(boa.BoaError):
            found(founding, document=bytes(16_385))


def test_a_lease_is_founded_once_and_for_somebody(founding: Federation) -> None:
    contract: Any = founding.accreditation
    with founding.at(founding.founder):
        with founding.refuses("wrong target"):
            contract.foundLease(NOTHING, founding.holder)
        with founding.refuses("wrong account"):
            contract.foundLease(TENANT, ZERO_ADDRESS)
        contract.foundLease(TENANT, founding.holder)
        with founding.refuses("lease is given"):
            contract.foundLease(TENANT, founding.holder)


def test_the_anchor_log_is_set_once_and_before_the_seal(founding: Federation) -> None:
    contract: Any = founding.accreditation
    with founding.at(founding.founder):
        with founding.refuses("AnchorLog is not set"):
            contract.seal()
        with founding.refuses("no contract there"):
            contract.setAnchorLog(founding.stranger)
        contract.setAnchorLog(founding.anchor_log.address)
        [change] = founding.changes()
        with founding.refuses("AnchorLog is set"):
            contract.setAnchorLog(founding.anchor_log.address)
        assert (change["action"], change["account"]) == (13, founding.anchor_log.address)
        assert contract.anchorLog() == founding.anchor_log.address
        contract.seal()
    [change] = founding.changes()
    assert (change["action"], change["account"]) == (14, founding.founder)


def test_it_is_sealed_only_as_the_guardian_of_its_anchor_log(founding: Federation) -> None:
    contract: Any = founding.accreditation
    with founding.at(founding.founder):
        foreign = compiled("AnchorLog").deploy(founding.stranger, DELAY)
        contract.setAnchorLog(foreign.address)
        with founding.refuses("not the guardian"):
            contract.seal()
    assert not contract.sealed()

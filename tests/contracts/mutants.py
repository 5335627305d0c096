"""Break the contracts one line at a time, and see that a test fails each time.

    .venv-contracts/bin/python tests/contracts/mutants.py [WORD]

Prints which test found each mutant; with WORD only those whose line holds it. Exits 1 when one was
found by nobody. What the compiler's output is held to (artifact, gas) does not count.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
# The tests of each source; those that find most come first.
TESTS = {
    "AnchorLog": ("append", "rotation", "proofs", "twin", "machine"),
    "Accreditation": ("founding", "records", "leases", "guardian", "votes", "history", "machine"),
    "council": ("votes", "members", "founding", "records", "leases", "guardian", "machine"),
    "changes": ("history", "machine"),
}


class Mutant(NamedTuple):
    """A text that stands once in a source, and what is put there instead."""

    contract: str
    old: str
    new: str

    def applied(self, source: str) -> str:
        if source.count(self.old) != 1:
            raise ValueError(
                f"stands {source.count(self.old)} times in {self.contract}: {self.old}"
            )
        return source.replace(self.old, self.new)


def missing(contract: str, line: str) -> Mutant:
    """Return a source without one of its lines."""
    return Mutant(contract, line, "pass")


MUTANTS = (
    # The heads of AnchorLog, ...
    missing("AnchorLog", 'assert self._heads[id].packed == 0, "log is open already"'),
    missing("AnchorLog", 'assert packed != 0, "log is not open"'),
    missing(
        "AnchorLog", 'assert packed & OWNER_MASK == convert(msg.sender, uint256), "not the owner"'
    ),
    Mutant("AnchorLog", "assert new > old and new", "assert new >= old and new"),
    Mutant("AnchorLog", "new > old and new <= MAX_SIZE", "new > old"),
    missing("AnchorLog", 'assert len(proof) == 0, "first head takes no proof"'),
    missing("AnchorLog", 'assert root != empty(bytes32), "root is zero"'),
    missing(
        "AnchorLog",
        'assert self._consistent(old, new, slots.root, root, proof), "not an extension"',
    ),
    Mutant("AnchorLog", "(packed & OWNER_MASK) | (new", "(packed & SIZE_MASK) | (new"),
    Mutant("AnchorLog", "(time << TIME_SHIFT),", "(time << SIZE_SHIFT),"),
    Mutant("AnchorLog", "min(block.timestamp, TIME_MASK)", "block.timestamp"),
    Mutant(
        "AnchorLog", "SIZE_MASK: constant(uint256) = 2**64", "SIZE_MASK: constant(uint256) = 2**4"
    ),
    Mutant("AnchorLog", "keccak256(abi_encode(owner, label))", "label"),
    # ... its owners, ...
    missing("AnchorLog", 'assert owner != empty(address), "log is not open"'),
    missing("AnchorLog", 'assert byGuardian or msg.sender == owner, "neither owner nor guardian"'),
    missing(
        "AnchorLog",
        'assert byGuardian or not self._rotations[logId].byGuardian, "the guardian has proposed"',
    ),
    Mutant("AnchorLog", "successor != empty(address) and successor != owner", "True"),
    Mutant("AnchorLog", "byGuardian=byGuardian)\n    log", "byGuardian=False)\n    log"),
    missing("AnchorLog", 'assert not rotation.byGuardian, "the guardian has proposed"'),
    Mutant(
        "AnchorLog",
        "(packed & ~OWNER_MASK) | convert(msg.sender",
        "(packed & SIZE_MASK) | convert(msg.sender",
    ),
    Mutant(
        "AnchorLog",
        "self._rotations[logId] = empty(Rotation)\n    self._heads",
        "self._heads",
    ),
    Mutant("AnchorLog", "delay = _delay\n    log", "delay = 0\n    log"),
    Mutant("AnchorLog", "self.guardian = msg.sender\n    log", "self.guardian = old\n    log"),
    # ... its proofs.
    Mutant("AnchorLog", 'b"\\x01"', 'b"\\x00"'),
    Mutant("AnchorLog", "if size1 == 0 or size1 > size2:", "if size1 > size2:"),
    Mutant("AnchorLog", "return len(proof) == 0 and root1 == root2", "return root1 == root2"),
    Mutant(
        "AnchorLog",
        "return sn == 0 and fr == root1 and sr == root2",
        "return fr == root1 and sr == root2",
    ),
    Mutant("AnchorLog", "sn == 0 and fr == root1 and sr == root2", "sn == 0 and sr == root2"),
    Mutant("AnchorLog", "sn == 0 and fr == root1 and sr == root2", "sn == 0 and fr == root1"),
    Mutant("AnchorLog", "sr = sha256(concat(NODE, sr, c))", "sr = sha256(concat(NODE, c, sr))"),
    Mutant("AnchorLog", "isFirst: bool = fn != 0", "isFirst: bool = False"),
    Mutant("AnchorLog", "if index >= size:", "if index > size:"),
    Mutant("AnchorLog", "return sn == 0 and r == root", "return r == root"),
    Mutant("AnchorLog", "r = sha256(concat(NODE, r, p))", "r = sha256(concat(NODE, p, r))"),
    # The founding of Accreditation, ...
    missing("Accreditation", 'assert self.founder != empty(address), "sealed"'),
    missing("Accreditation", 'assert msg.sender == self.founder, "not the founder"'),
    missing("Accreditation", 'assert self.founder == empty(address), "not sealed"'),
    Mutant("Accreditation", "self.founder = empty(address)\n", "self.founder = msg.sender\n"),
    missing("Accreditation", 'assert self.anchorLog.address == empty(address), "AnchorLog is set"'),
    missing("Accreditation", 'assert contract.is_contract, "no contract there"'),
    missing(
        "Accreditation", 'assert self.anchorLog.address != empty(address), "AnchorLog is not set"'
    ),
    missing("Accreditation", 'assert next.successor == self, "not the guardian"'),
    Mutant("Accreditation", "if staticcall self.anchorLog.guardian() != self:", "if True:"),
    Mutant("Accreditation", "kind >= 1 and convert(kind, uint256) <= KINDS", "kind >= 1"),
    missing("Accreditation", 'assert self._leases[tenant].fence == 0, "lease is given"'),
    # ... what may be decided, ...
    Mutant("Accreditation", "+ 2**4 + 2**8", "+ 2**8"),
    Mutant("Accreditation", "2**1 + 2**5 + 2**6", "2**1 + 2**5"),
    Mutant("Accreditation", "action <= changes.CANCEL_GUARDIAN", "action <= changes.SEAL"),
    missing(
        "Accreditation", 'assert (number != 0) == (action == changes.SET_QUORUM), "wrong number"'
    ),
    missing("Accreditation", 'assert self._records[target].suspended != 0, "not suspended"'),
    missing("Accreditation", 'assert sha256(document) == decision.subject, "wrong document"'),
    Mutant(
        "Accreditation",
        'self._records[target].removed == 0, "removed"\n        if',
        "True\n        if",
    ),
    missing("Accreditation", 'assert rotation.successor == account, "another rotation"'),
    # ... its records and leases.
    missing("Accreditation", 'assert self._records[id].since == 0, "record exists"'),
    missing("Accreditation", 'assert self._records[id].body == msg.sender, "not the body"'),
    missing("Accreditation", 'assert self._records[id].removed == 0, "removed"'),
    missing("Accreditation", 'assert self._records[id].suspended == 0, "suspended already"'),
    missing("Accreditation", 'assert self._leases[tenant].holder == msg.sender, "not the holder"'),
    missing("Accreditation", 'assert self._leases[tenant].fence != 0, "lease is not given"'),
    missing("Accreditation", 'assert block.timestamp >= since + HAND_AFTER, "too early"'),
    Mutant(
        "Accreditation",
        "HAND_AFTER: constant(uint256) = 3_600",
        "HAND_AFTER: constant(uint256) = 3_599",
    ),
    Mutant("Accreditation", "self._leases[tenant].fence + 1", "self._leases[tenant].fence"),
    Mutant("Accreditation", "convert(kind, uint256), proposal)", "0, proposal)"),
    # The votes.
    Mutant("council", "assert _delay >= DAY and", "assert"),
    Mutant("council", "block.timestamp <= proposed + PERIOD", "True"),
    missing("council", 'assert not self._approved[id][seat], "approved already"'),
    missing("council", 'assert self._approved[id][seat], "not approved"'),
    Mutant("council", "self._approved[id][seat] = False", "self._approved[id][seat] = True"),
    Mutant("council", "        self._proposals[id].ready = 0\n", ""),
    Mutant("council", "ready != 0 and len(self._approvals(id)) >= self.quorum", "ready != 0"),
    Mutant("council", "assert ready != 0 and len", "assert len"),
    Mutant(
        "council",
        "len(self._approvals(id)) >= self.quorum",
        "len(self._approvals(id)) > self.quorum",
    ),
    missing("council", 'assert block.timestamp >= ready, "too early"'),
    missing("council", 'assert block.timestamp >= self._lowered + delay, "too early"'),
    missing("council", "self._lowered = block.timestamp"),
    Mutant("council", "if number < self.quorum:", "if True:"),
    Mutant("council", "if taken.action not in WITHOUT_LOCK and", "if"),
    Mutant("council", "block.timestamp <= ready + PERIOD", "True"),
    missing("council", 'assert taken.basis == self._decisions[matter][taken.subject], "overtaken"'),
    missing("council", "self._decisions[matter][taken.subject] += 1"),
    missing("council", "self._decisions[changes.SET_QUORUM][empty(bytes32)] += 1"),
    missing("council", "self._decisions[changes.REMOVE_RECORD][taken.subject] += 1"),
    missing("council", "self._proposals[id].executed = convert(block.timestamp, uint64)"),
    missing("council", 'assert found.proposed != 0, "no such proposal"'),
    missing("council", 'assert found.executed == 0, "executed already"'),
    Mutant("council", "if self.quorum * 2 <= len(self._members):", "if False:"),
    Mutant("council", "if self.quorum > len(self._members):", "if False:"),
    Mutant("council", "self._seats[member] = 0\n", "pass\n"),
    Mutant("council", "self._members[place] = last", "pass"),
    missing("council", 'assert len(self._members) > 1, "the last member"'),
    Mutant("council", "number > len(self._members) // 2", "number > 0"),
    Mutant("council", "number <= len(self._members) and number", "number"),
    missing("council", 'assert member != empty(address), "wrong account"'),
    missing("council", 'assert self._seats[member] == 0, "a member already"'),
    missing("council", "self._lastSeat += 1"),
    missing("council", 'assert seat != 0, "not a member"'),
    Mutant("council", "        ready = 0\n    elif", "        pass\n    elif"),
    Mutant("council", "elif before < self.quorum or ready == 0:", "elif before < self.quorum:"),
    Mutant("council", "elif before < self.quorum or ready == 0:", "else:"),
    Mutant("council", "].action not in WITHOUT_LOCK:", "].action in WITHOUT_LOCK:"),
    missing("council", "ready += convert(delay, uint64)"),
    Mutant("council", "return changes.SUSPEND_RECORD", "return action"),
    Mutant("council", "return changes.PROPOSE_GUARDIAN", "return action"),
    Mutant("council", "return changes.ADD_MEMBER", "return action"),
    # The history.
    Mutant("changes", "self.version + 1", "self.version"),
    Mutant("changes", "abi_encode(self.history, version", "abi_encode(empty(bytes32), version"),
    Mutant(
        "changes",
        "action, target, account, number, proposal)\n    )",
        "action, target, account, proposal, number)\n    )",
    ),
    missing("changes", "self.history = history"),
)


def lay(folder: Path) -> None:
    """Lay a copy of what the tests need; the product's code is only pointed to."""
    for name in ("contracts", "tests/contracts"):
        ignored = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignored)
    (folder / "madang").symlink_to(REPOSITORY / "madang")


def found_by(mutant: Mutant, folder: Path) -> str:
    """Return the first test that fails with the mutant, or nothing."""
    file = folder / "contracts" / f"{mutant.contract}.vy"
    source = file.read_text("utf-8")
    file.write_text(mutant.applied(source), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-c", "tests/contracts/pytest.ini"]
    command += [f"tests/contracts/test_{name}.py" for name in TESTS[mutant.contract]]
    ran = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    file.write_text(source, encoding="utf-8")
    found = re.search(r"^(?:FAILED|ERROR) tests/contracts/(\S+)", ran.stdout, re.MULTILINE)
    if ran.returncode and not found:
        raise RuntimeError(ran.stdout[-2000:] + ran.stderr[-2000:])
    return found[1] if found else ""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Try all mutants, or those that hold the word given."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [each for each in MUTANTS if word in each.contract + each.old]
    alive = 0
    with tempfile.TemporaryDirectory() as name:
        lay(Path(name))
        for mutant in chosen:
            found = found_by(mutant, Path(name))
            alive += not found
            line = " ".join(mutant.old.split())
            say(f"{found or 'ALIVE'}: {mutant.contract}: {line} -> {mutant.new.strip()}")
    say(f"{len(chosen) - alive} of {len(chosen)} mutants found")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())

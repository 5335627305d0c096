"""The states of a key: each order that is allowed, and that mypy refuses the others."""

import subprocess
import sys
from pathlib import Path

import pytest

from madang.core.keys.life import Active, Announced, Compromised, Retired, Step, VerifyOnly

ROOT = Path(__file__).resolve().parents[5]


def test_a_key_goes_through_its_life() -> None:
    announced = Announced(100, active_from=400)
    active = announced.activated()
    assert active == Active(400)
    successor = Announced(900, active_from=1200).activated()
    verify_only = active.replaced(successor, longest=5000)
    assert verify_only == VerifyOnly(1200, until=6200)
    assert verify_only.retired() == Retired(6200)


@pytest.mark.parametrize("state", [Announced(1, 2), Active(1), VerifyOnly(1, 2), Retired(1)])
def test_a_key_can_be_given_up_in_every_state(
    state: Announced | Active | VerifyOnly | Retired,
) -> None:
    assert state.compromised(7) == Compromised(7)


def test_every_state_has_its_step() -> None:
    states = (Announced, Active, VerifyOnly, Retired, Compromised)
    assert [state.step for state in states] == list(Step)


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        (Announced(1, 2), {"activated", "compromised"}),
        (Active(1), {"replaced", "compromised"}),
        (VerifyOnly(1, 2), {"retired", "compromised"}),
        (Retired(1), {"compromised"}),
        (Compromised(1), set()),
    ],
)
def test_a_state_has_its_own_steps_alone(state: object, steps: set[str]) -> None:
    every = {"activated", "replaced", "retired", "compromised"}
    assert {name for name in every if hasattr(state, name)} == steps


def test_an_illegal_order_does_not_pass_mypy(tmp_path: Path) -> None:
    """All at once, for mypy takes seconds: each line must have its own error."""
    module = tmp_path / "orders.py"
    lines = [
        "from madang.core.keys.life import Active, Announced, Compromised, Retired, VerifyOnly",
        "Announced(1, 2).retired()",
        "Active(1).activated()",
        "Active(1).replaced(Announced(1, 2), 4)",
        "VerifyOnly(1, 2).activated()",
        "Retired(1).activated()",
        "Compromised(1).compromised(2)",
        "Active(1).replaced(Announced(1, 2).activated(), 4)",
    ]
    module.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", str(module)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    wrong = {int(line.split(":")[1]) for line in told.splitlines() if " error: " in line}
    assert wrong == {2, 3, 4, 5, 6, 7}

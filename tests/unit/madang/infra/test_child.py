"""A child ends with its starter, however that ends."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
STARTER = """
import signal, subprocess, sys, time
from madang.infra.child import ending_with_parent

program = "import signal, time; print('up', flush=True); time.sleep(60)"
subprocess.Popen(
    [sys.executable, "-c", program], preexec_fn=ending_with_parent(signal.Signals(int(sys.argv[1])))
)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_child_is_left_behind_by_a_killed_starter(number: signal.Signals) -> None:
    command = [sys.executable, "-c", STARTER, str(int(number))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        starter.kill()
        starter.wait()
        # The child holds the other end of the pipe: it closes when the child is gone.
        ready, _, _ = select.select([starter.stdout], [], [], 20)
        assert ready
        assert os.read(starter.stdout.fileno(), 1) == b""

"""The processes of a city on one machine: started, watched, stopped by their own ids."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from madang.infra.child import ending_with_parent
from madang.infra.http import trusting

START_SECONDS = 60.0
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.05
_NOT_YET = b'"accreditations":false'
"""What issuer and verifier say of themselves until they know who may issue and ask."""


class StartError(RuntimeError):
    """A process of the city did not come up; the message says which and where its log is."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process to run.

    Attributes:
        name: shown to people and in the report.
        arguments: what follows `python -m madang.cli.main`, or a module with `-m`.
        environment: settings for this process alone.
        health: address that answers 200 once the process serves.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    health: str


@dataclass(slots=True)
class Running:
    """A started process."""

    program: Program
    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.process.pid


class City:
    """All processes of one city; ends them in the opposite order of their start.

    Args:
        logs: folder for what they print.
        anchors: DER of authorities whose servers are trusted beside those of the system.
    """

    def __init__(self, logs: Path, anchors: tuple[bytes, ...] = ()) -> None:
        self._logs = logs
        self._anchors = anchors
        self._running: dict[str, Running] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def pid(self, name: str) -> int:
        """Return the id of the process with this name."""
        return self._running[name].pid

    async def start(self, programs: Sequence[Program]) -> None:
        """Start the programs side by side and wait until each answers.

        Raises:
            StartError: one ended or did not answer in START_SECONDS.
        """
        for program in programs:
            self._running[program.name] = await self._spawn(program)
        await asyncio.gather(*(self._ready(self._running[p.name]) for p in programs))

    async def _spawn(self, program: Program) -> Running:
        log = self._logs / f"{program.name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *program.arguments,
                env={**os.environ, **program.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=ending_with_parent(signal.SIGTERM),
            )
        return Running(program, process, log)

    async def _ready(self, running: Running) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        async with httpx.AsyncClient(timeout=2, verify=trusting(self._anchors)) as client:
            while loop.time() < deadline:
                if running.process.returncode is not None:
                    break
                if await _answers(client, running.program.health):
                    # Another process may hold the port and answer in this one's place.
                    await asyncio.sleep(_POLL_SECONDS)
                    if running.process.returncode is None:
                        return
                await asyncio.sleep(_POLL_SECONDS)
        tail = running.log.read_text("utf-8", "replace").splitlines()[-5:]
        raise StartError(
            f"{running.program.name} did not start; the end of {running.log}:\n" + "\n".join(tail)
        )

    async def stop(self) -> None:
        """End every process, the last started first; kill what does not end by itself."""
        for running in reversed(self._running.values()):
            if running.process.returncode is None:
                running.process.terminate()
        for running in reversed(self._running.values()):
            try:
                await asyncio.wait_for(running.process.wait(), STOP_SECONDS)
            except TimeoutError:
                running.process.kill()
                await running.process.wait()
        self._running.clear()

    async def ended(self) -> str:
        """Wait until any process ends and return its name."""
        waiting = {
            asyncio.create_task(running.process.wait()): name
            for name, running in self._running.items()
        }
        done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        return waiting[done.pop()]


async def _answers(client: httpx.AsyncClient, health: str) -> bool:
    try:
        answer = await client.get(health)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK and _NOT_YET not in answer.content

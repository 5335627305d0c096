"""Services as processes, of which one can be put in another's place and be killed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from madang.cli.city import CityPlan
from madang.cli.processes import Program

REPOSITORY = Path(__file__).parents[2]
SECONDS = 40.0
POLL_SECONDS = 0.05


@dataclass
class Processes:
    """The processes of one city, each by its own id.

    Attributes:
        running: process by service.
    """

    plan: CityPlan
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_all(self) -> None:
        for program in self.plan.services():
            self._spawn(program)
        for service in self.running:
            self._ready(service)

    def restart(self, service: str) -> None:
        """Start the real service on what the killed one has left."""
        self._spawn(self._program(service))
        self._ready(service)

    def arm(self, service: str, place: str, when: str) -> None:
        """Put a service that will kill itself in the place of the real one."""
        self._end(service)
        arguments = ("-m", "tests.e2e.killing", service, place, when)
        self._spawn(replace(self._program(service), arguments=arguments))
        self._ready(service)

    def fell(self, service: str) -> None:
        """Wait until a service has been killed by its own hand."""
        ended = self.running[service].wait(SECONDS)
        assert ended == -signal.SIGKILL, (service, ended)

    def stop_all(self) -> None:
        for service in reversed(self.running):
            self._end(service)

    def _program(self, service: str) -> Program:
        return next(each for each in self.plan.services() if each.name == service)

    def _spawn(self, program: Program) -> None:
        folder = self.plan.state / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{program.name}.log").open("ab") as output:
            self.running[program.name] = subprocess.Popen(
                [sys.executable, *program.arguments],
                cwd=REPOSITORY,
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _ready(self, service: str) -> None:
        health, deadline = self._program(service).health, time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.running[service].poll() is None:
            try:
                up = httpx.get(health, trust_env=False).status_code == httpx.codes.OK
                if up and self.running[service].poll() is None:
                    return
            except httpx.TransportError:
                time.sleep(POLL_SECONDS)
        log = self.plan.state / "logs" / f"{service}.log"
        raise AssertionError(f"{service} did not start:\n{log.read_text('utf-8')[-2_000:]}")

    def _end(self, service: str) -> None:
        process: Any = self.running.get(service)
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

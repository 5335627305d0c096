"""What the walk tells people and machines: one line a step, one JSON line last."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


@dataclass(slots=True)
class Step:
    """One step of the main path.

    Attributes:
        name: fixed word for machines.
        ok: whether it did what it had to do.
        ms: milliseconds it took.
        pid: id of the process that did it.
        facts: log index, transaction hash, decision hash and the like.
    """

    name: str
    ok: bool = False
    ms: int = 0
    pid: int | None = None
    facts: dict[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the step as a JSON object."""
        return {"name": self.name, "ok": self.ok, "ms": self.ms, "pid": self.pid, **self.facts}


class Report:
    """Collects the steps and prints each when it ends."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False)
        self.steps: list[Step] = []
        self.results: dict[str, object] = {}

    @contextmanager
    def step(self, name: str, words: str, pid: int | None = None) -> Iterator[Step]:
        """Time the block as one step; an exception marks it failed and goes on upwards."""
        step = Step(name, pid=pid)
        self.steps.append(step)
        started = time.perf_counter()
        try:
            yield step
            step.ok = True
        finally:
            step.ms = round((time.perf_counter() - started) * 1000)
            mark = "[green]done[/green]" if step.ok else "[red]failed[/red]"
            self.console.print(f"  {mark}  {words} [dim]({step.ms} ms)[/dim]", soft_wrap=True)

    def say(self, words: str) -> None:
        """Print a line for the person who watches."""
        self.console.print(words, soft_wrap=True)

    @property
    def ok(self) -> bool:
        """Tell whether every step succeeded."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def json_line(self) -> str:
        """Return the whole report as one line of JSON."""
        steps = [step.as_json() for step in self.steps]
        return json.dumps({"ok": self.ok, "steps": steps, **self.results}, ensure_ascii=False)

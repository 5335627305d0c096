"""A network on one machine: a home and a process for each validator.

Every validator has its own keys, ports and data, as on machines of its own; what they share is
the genesis. The processes end with the one that started them.
"""

import contextlib
import hashlib
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from ledger_node.network import binary
from ledger_node.network.configuration import EVM_CHAIN_ID, Ports, write_configuration
from ledger_node.network.genesis import POWER, genesis
from ledger_node.network.member import Member, make_keys
from ledger_node.network.record import FILE, NetworkRecord, Validator
from madang.core.encoding import strict_json
from madang.infra.child import ending_with_parent
from madang.infra.files import EVERYBODY, write_whole

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 15.0
PORTS_APART: Final = 10
COMET_CHAIN_ID: Final = "madang-1"
_POLL_SECONDS: Final = 0.1


class NetworkError(RuntimeError):
    """A validator did not come up or does not answer; the message says which, and its log's end."""


class Network:
    """The validators of one folder.

    Args:
        folder: holds a home for each validator, and `network.json`.
        program: the engine.
    """

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder
        self.record = NetworkRecord.read(folder)
        self._program = program
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @classmethod
    def create(
        cls,
        folder: Path,
        members: Sequence[str],
        writers: Iterable[str],
        *,
        base_port: int,
        genesis_time: str,
        voting_seconds: int = 86_400,
    ) -> "Network":
        """Make a network unless the folder holds one; return it, not started.

        Args:
            folder: where everything goes.
            members: names of the validators.
            writers: addresses of the accounts that may create and call contracts.
            base_port: validator k listens from `base_port + 10 k` on.
            genesis_time: of the first block, RFC 3339.
            voting_seconds: how long a proposal to change who takes part is open.

        Raises:
            BuildError: the engine is not built.
            RecordError: what the folder holds is damaged.
        """
        program = binary.evmd()
        if not (folder / FILE).exists():
            ports = [Ports.at(base_port + PORTS_APART * at) for at in range(len(members))]
            homes = [folder / name for name in members]
            made = [
                make_keys(home, name, f"127.0.0.1:{each.peer}")
                for home, name, each in zip(homes, members, ports, strict=True)
            ]
            document = genesis(
                defaults(program),
                made,
                tuple(writers),
                chain=COMET_CHAIN_ID,
                time=genesis_time,
                voting_seconds=voting_seconds,
            )
            _settle(folder, made, ports, document, tuple(writers))
        return cls(folder, program)

    @property
    def chain_id(self) -> int:
        """Return the EVM's chain id."""
        return self.record.chain_id

    @property
    def comet_chain_id(self) -> str:
        """Return the name of the chain that votes are signed for."""
        return self.record.comet_chain_id

    @property
    def rpc_urls(self) -> list[str]:
        """Return the JSON-RPC address of each validator."""
        return [each.rpc_url for each in self.record.validators]

    @property
    def comet_urls(self) -> list[str]:
        """Return the CometBFT address of each validator."""
        return [each.comet_url for each in self.record.validators]

    @property
    def validators(self) -> list[tuple[str, int]]:
        """Return public key (Ed25519, hexadecimal) and power of each validator."""
        return [(each.member.key, each.power) for each in self.record.validators]

    def home(self, number: int) -> Path:
        """Return the folder of one validator."""
        return self.folder / self.record.validators[number].member.name

    def pid(self, number: int) -> int:
        """Return the process id of a running validator."""
        return self._processes[number].pid

    def running(self) -> list[int]:
        """Return the numbers of the validators whose processes run."""
        return [at for at, process in sorted(self._processes.items()) if process.poll() is None]

    def start(self, *, wait: bool = True) -> None:
        """Start every validator that does not run, and wait for a block.

        Raises:
            NetworkError: one ended, or there was no block in START_SECONDS.
        """
        for number in range(len(self.record.validators)):
            self._spawn(number)
        if wait:
            self.wait_for(1)

    def restart(self, number: int) -> None:
        """Start one validator again; it catches up by itself."""
        self._spawn(number)

    def _spawn(self, number: int) -> None:
        if number in self.running():
            return
        home = self.home(number)
        with (home / "log").open("ab") as output:
            # What is run is the engine that was built, on a folder of this network.
            self._processes[number] = subprocess.Popen(  # noqa: S603
                [self._program, "start", "--home", home, "--log_no_color", "--log_level", "error"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=ending_with_parent(signal.SIGTERM),  # noqa: PLW1509 - it calls prctl alone
            )

    def stop(self, *numbers: int) -> None:
        """Let validators end in order: those with these numbers, or all."""
        ending = [at for at in self.running() if not numbers or at in numbers]
        for at in ending:
            self._processes[at].terminate()
        for at in ending:
            try:
                self._processes[at].wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill(at)

    def kill(self, number: int) -> None:
        """End a validator at once, as a loss of power does."""
        self._processes[number].kill()
        self._processes[number].wait()

    def height(self, number: int) -> int:
        """Return the height of a validator's newest block; 0 when it does not answer."""
        try:
            return int(self.comet(number, "status")["sync_info"]["latest_block_height"])
        except NetworkError:
            return 0

    def comet(self, number: int, method: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        """Call a validator's CometBFT RPC; NetworkError if it does not answer."""
        try:
            answer = httpx.get(
                f"{self.comet_urls[number]}/{method}",
                params={name: json.dumps(value) for name, value in arguments.items()},
                timeout=10,
                trust_env=False,
            ).json()
        except (httpx.HTTPError, ValueError) as error:
            raise NetworkError(f"{self._named(number)} does not answer: {error!r}") from error
        if "result" not in answer:
            raise NetworkError(f"{self._named(number)} refuses {method}: {answer.get('error')}")
        return answer["result"]

    def wait_for(
        self, height: int, numbers: Sequence[int] | None = None, seconds: float = START_SECONDS
    ) -> None:
        """Wait until validators, all that run if not named, have a block of this height.

        Raises:
            NetworkError: one ended, or it took too long.
        """
        deadline = time.monotonic() + seconds
        waiting = list(self.running() if numbers is None else numbers)
        while waiting:
            number = waiting[0]
            if self.height(number) >= height:
                waiting.pop(0)
                continue
            if number not in self.running() or time.monotonic() > deadline:
                raise NetworkError(
                    f"{self._named(number)} has no block {height}; the end of its log:\n"
                    + self._tail(number)
                )
            time.sleep(_POLL_SECONDS)

    def _named(self, number: int) -> str:
        return f"validator {self.record.validators[number].member.name}"

    def _tail(self, number: int) -> str:
        path = self.home(number) / "log"
        with contextlib.suppress(OSError):
            return "\n".join(path.read_text("utf-8", "replace").splitlines()[-5:])
        return f"there is none at {path}"

    def __enter__(self) -> Self:
        """Begin a block at whose end every validator ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every validator."""
        self.stop()


def defaults(program: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Return the genesis that the engine itself begins with; NetworkError if it makes none."""
    with tempfile.TemporaryDirectory() as folder:
        _engine(program, "init", "defaults", "--chain-id", COMET_CHAIN_ID, "--home", folder)
        return json.loads((Path(folder) / "config" / "genesis.json").read_bytes())


def evm_params(program: Path, comet_url: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the EVM's parameters as a validator has them now, who may write among them.

    Raises:
        NetworkError: it does not answer.
    """
    node = comet_url.replace("http:", "tcp:", 1)
    answer = _engine(program, "query", "evm", "params", "--node", node, "--output", "json")
    return json.loads(answer)["params"]


def _engine(program: Path, *arguments: str) -> bytes:
    # What is run is the engine that was built.
    try:
        done = subprocess.run(  # noqa: S603
            [program, *arguments], capture_output=True, check=False, timeout=START_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise NetworkError(f"`{program.name} {' '.join(arguments[:2])}` gave no answer") from error
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace")[-300:]
        raise NetworkError(f"`{program.name} {' '.join(arguments[:2])}` failed: {told}")
    return done.stdout


def _settle(
    folder: Path,
    members: Sequence[Member],
    ports: Sequence[Ports],
    document: dict[str, Any],
    writers: tuple[str, ...],
) -> None:
    """Give every home its settings and the genesis; the record comes last, and says it is done."""
    content = genesis_file(document)
    for own, each in zip(members, ports, strict=True):
        settle(folder / own.name, own, members, each, content)
    digest = hashlib.sha256(content).hexdigest()
    validators = tuple(
        Validator(member, POWER, each) for member, each in zip(members, ports, strict=True)
    )
    NetworkRecord(EVM_CHAIN_ID, document["chain_id"], digest, writers, validators).write(folder)


def genesis_file(document: dict[str, Any]) -> bytes:
    """Return the genesis as the file that all machines must have alike."""
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def settle(
    home: Path, own: Member, members: Sequence[Member], ports: Ports, content: bytes
) -> None:
    """Give one home its settings, with all other members as peers, and the genesis file."""
    others = [member for member in members if member.node != own.node]
    write_configuration(home, strict_json.loads(content)["chain_id"], own, others, ports)
    write_whole(home / "config" / "genesis.json", content, EVERYBODY)

"""A network in which witnesses answer without HTTP; `test_network.py` holds it to the real one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger_node.witness.model import NotSignedError, NotWitnessedError, UnknownLogError
from ledger_node.witness.routes import _STATUS
from ledger_node.witness.usecases import Witness
from madang.core.merkle.note import NoteError
from madang.core.merkle.witness import SIZE_TYPE, AddCheckpoint, log_id
from madang.infra.http import Answer, HttpError


@dataclass
class WitnessNet:
    """Implements `HttpClient` for witnesses by their addresses.

    Attributes:
        witnesses: by address.
        down: addresses that do not answer.
        said: answers to give instead, by address; each is given once.
        asked: method and address of every request.
    """

    witnesses: dict[str, Witness]
    down: set[str] = field(default_factory=set)
    said: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - of the port
        content: bytes | None = None,
    ) -> Answer:
        address = next((each for each in self.witnesses if url.startswith(f"{each}/")), None)
        self.asked.append((method, url))
        if address is None or address in self.down:
            raise HttpError(f"{method} {url}: nobody")
        if self.said.get(address):
            return self.said[address].pop(0)
        return answered(self.witnesses[address], method, url[len(address) :], content or b"")


def answered(witness: Witness, method: str, path: str, content: bytes) -> Answer:
    """Return what the routes of a witness answer."""
    if (method, path) == ("POST", "/add-checkpoint"):
        return _added(witness, content)
    for origin in witness.logs:
        if (method, path) == ("GET", f"/logs/{log_id(origin)}/checkpoint"):
            latest = witness.latest(origin)
            if latest is not None:
                return _text(200, latest.note + latest.line)
    return _text(404, "")


def _added(witness: Witness, content: bytes) -> Answer:
    try:
        return _text(200, witness.add(AddCheckpoint.parse(content)))
    except NoteError:
        return _text(400, "")
    except UnknownLogError:
        return _text(404, "")
    except NotSignedError:
        return _text(403, "")
    except NotWitnessedError as error:
        status = _STATUS[error.judgement]
        if status == 409:
            return Answer(status, {"content-type": SIZE_TYPE}, f"{error.size}\n".encode())
        return _text(status, "")


def _text(status: int, body: str) -> Answer:
    return Answer(status, {"content-type": "text/plain; charset=utf-8"}, body.encode())

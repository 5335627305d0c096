"""A whole state folder: the published logs, the chain, and what the services have logged."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from contracts import addresses
from ledger_node.privacy.chain_reader import search_chain
from ledger_node.privacy.log_lines import MAX_LINE, search_lines
from ledger_node.privacy.model import PrivacyInputError, Search
from ledger_node.privacy.needles import Needles
from ledger_node.privacy.published import KnownLog, named_files, search_log
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import NoteError, VerifierKey
from madang.infra.rpc import JsonRpc
from madang.infra.setup import StateFolders

MAX_LIST: Final = 4_000_000


def read_values(path: Path) -> list[str]:
    """Return the values of a list, one a line.

    Raises:
        PrivacyInputError: it cannot be read, is too long, or is no UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LIST + 1)
        if len(data) > MAX_LIST:
            raise PrivacyInputError(f"{path}: more than {MAX_LIST} bytes")
        return [line.strip() for line in data.decode("utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise PrivacyInputError(f"{path} cannot be read: {error}") from error


def known_logs(state: Path) -> list[KnownLog]:
    """Return the logs of a state folder, with the keys and offices that it knows.

    Raises:
        PrivacyInputError: there is no log, one has no key there, or a file cannot be read.
    """
    folders = StateFolders(state)
    logs = []
    try:
        for folder in sorted(each for each in (state / "log").iterdir() if each.is_dir()):
            tenant = folder.name
            key = VerifierKey.parse((folders.log_keys / f"{tenant}.vkey").read_text("ascii"))
            second = CosignerKey.parse((folders.log_keys / f"{tenant}.second").read_text("ascii"))
            offices = frozenset(_offices(folders.services, tenant))
            own = frozenset(f"{scheme}://{key.name}" for scheme in ("https", "http"))
            cosigners = (second, *_witnesses(folders.state / "trust" / "witnesses"))
            logs.append(KnownLog(folder, key, offices | own, cosigners))
    except (OSError, NoteError, UnicodeDecodeError) as error:
        raise PrivacyInputError(f"the logs of {state} are not known: {error}") from error
    if not logs:
        raise PrivacyInputError(f"there is no log in {state / 'log'}; --state names the folder")
    return logs


def _offices(folder: Path, tenant: str) -> Iterator[str]:
    for path in sorted(folder.glob(f"{tenant}-*.json")):
        try:
            yield str(strict_json.loads(path.read_bytes())["issuer"])
        except (EncodingError, TypeError, KeyError) as error:
            raise PrivacyInputError(f"{path} names no service") from error


def _witnesses(folder: Path) -> Iterator[CosignerKey]:
    for path in sorted(folder.glob("*.vkey")):
        yield CosignerKey.parse(path.read_text("ascii"))


async def search_state(state: Path, rpc: JsonRpc | None, needles: Needles) -> Search:
    """Look through everything that a state folder publishes, and the chain if a node is named.

    Raises:
        PrivacyInputError, DeploymentError, RpcError, OSError: something cannot be read.
    """
    search = Search()
    logs = known_logs(state)
    for log in logs:
        search_log(log, needles, search)
    for path, place in named_files(state / "logs", needles, search):
        with path.open("rb") as file:
            search_lines(_lines(file), place, needles, search)
    if rpc is not None:
        tenants = frozenset(log.folder.name for log in logs)
        await search_chain(rpc, addresses.read(state / "contract.json"), tenants, needles, search)
    return search


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines, one that is too long for any service in pieces that are too long as well."""
    while line := file.readline(2 * MAX_LINE):
        yield line

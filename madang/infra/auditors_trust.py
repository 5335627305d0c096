"""An auditor's trust file from the public part of a state folder."""

from pathlib import Path
from typing import Final

from contracts.addresses import Deployment
from madang.core.evidence.finality.model import Chain, Engine
from madang.core.evidence.trust_file import Trust, TrustedContract, TrustedLog
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import VerifierKey
from madang.infra.setup import StateFolders

WITNESSES: Final = "witnesses"
"""Folder of the witnesses' keys in `trust`: `<tenant>.vkey`."""


class TrustMissing(RuntimeError):  # noqa: N818 - a state of the folder
    """The folder lacks what a trust file needs; the message says what, and who writes it."""


def chain_of(deployment: Deployment, engine: Engine) -> Chain:
    """Return the chain of a deployment, still without validators."""
    return Chain(engine, deployment.chain_id, _raw(deployment.genesis_hash))


def trust_of(
    folders: StateFolders, deployment: Deployment, chain: Chain, quorum: int | None = None
) -> Trust:
    """Return what a state folder says of logs and contracts, for a chain that is known.

    Args:
        folders: of the state.
        deployment: where the contracts are.
        chain: with its validators.
        quorum: of witnesses for each log; more than half of them when it is None.

    Raises:
        TrustMissing: a log is not opened yet, or there is none.
        NoteError: a file of a key was changed.
    """
    contracts = {
        name: TrustedContract(_raw(each.address), _raw(each.code_hash))
        for name, each in deployment.contracts.items()
    }
    logs = [_log(folders, path, quorum) for path in sorted(folders.log_keys.glob("*.vkey"))]
    if not logs:
        raise TrustMissing(f"{folders.log_keys} has no log's key; `madang prepare` makes them")
    return Trust(chain, contracts, {log.key.name: log for log in logs})


def _log(folders: StateFolders, path: Path, quorum: int | None) -> TrustedLog:
    owner, second = path.with_suffix(".owner"), path.with_suffix(".second")
    if not owner.exists():
        raise TrustMissing(f"{owner} is missing; the ledger node writes it when the log is opened")
    # A municipality is no witness of its own log.
    known = (folders.log_keys.parent / WITNESSES).glob("*.vkey")
    others = sorted(each for each in known if each.stem != path.stem)
    return TrustedLog(
        key=VerifierKey.parse(_text(path)),
        second_key=CosignerKey.parse(_text(second)) if second.exists() else None,
        opener=_raw(_text(owner)),
        witnesses=tuple(CosignerKey.parse(_text(each)) for each in others),
        quorum=(len(others) // 2 + 1 if others else 0) if quorum is None else quorum,
    )


def _text(path: Path) -> str:
    return path.read_text("utf-8").strip()


def _raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))

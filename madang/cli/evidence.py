"""`madang evidence` and `madang audit evidence`: files that are checked without any network."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from contracts import addresses
from contracts.addresses import DeploymentError
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.evidence import bundle, trust_file
from madang.core.evidence.bundle import Evidence
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.model import Chain, Engine
from madang.core.evidence.receipt import Failure, Receipt, ReceiptError
from madang.core.evidence.thing import digest_of
from madang.core.evidence.trust_file import Trust, TrustedLog
from madang.core.evidence.verify import Verdict, verify_evidence
from madang.core.merkle.entry import Entry, EntryError, EntryKind
from madang.core.merkle.note import NoteError
from madang.core.rules import document as decisions
from madang.infra.anchors import AnchorsError, load_anchors
from madang.infra.auditors_trust import TrustMissing, chain_of, trust_of
from madang.infra.http import HttpxClient
from madang.infra.log_client import LogUnavailable
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import FolderLog, HttpLog, Ledger, ProofUnavailable, public_half
from madang.infra.receipts import LogNotBelieved
from madang.infra.rpc import Rpc, RpcError
from madang.infra.settings import CommonSettings
from madang.infra.setup import StateFolders
from madang.infra.state_proofs import CometProofs, EthereumProofs

UNREADABLE: Final = 2
_ERRORS: Final = (
    *(
        AnchorsError,
        DeploymentError,
        EncodingError,
        EvidenceError,
        LogNotBelieved,
        LogUnavailable,
        NoteError,
    ),
    *(OSError, ProofUnavailable, ReceiptError, RpcError, TrustMissing),
)

app = typer.Typer(no_args_is_help=True, help="Files that prove an entry without any network.")


def audit_evidence(
    file: Annotated[Path, typer.Argument(help="The evidence file.")],
    trust: Annotated[Path, typer.Option(help="What is trusted; see `madang evidence trust`.")],
    thing: Annotated[
        Path | None, typer.Option(help="The thing itself: a credential, a decision, a letter.")
    ] = None,
    rule: Annotated[
        Path | None, typer.Option(help="The rule that a decision follows from.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove one entry from one file; no network is used. Exit 1 when anything fails."""
    try:
        evidence = bundle.parse(file.read_bytes())
        known = trust_file.parse(trust.read_bytes())
        data = None if thing is None else thing.read_bytes()
        digest = None if data is None else digest_of(_kind(evidence), data)
        verdict = verify_evidence(evidence, known, PRIMITIVES, thing=digest)
        if rule is not None:
            verdict = _recomputed(verdict, data, rule.read_bytes())
    except _ERRORS as error:
        typer.echo(f"cannot audit: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
    typer.echo(json.dumps(_as_json(verdict)) if as_json else "\n".join(_told(verdict, evidence)))
    raise typer.Exit(0 if verdict.ok else 1)


@app.command("export")
def export(
    receipt: Annotated[Path, typer.Argument(help="The receipt of the holder or the office.")],
    trust: Annotated[Path, typer.Option(help="What is trusted; the file is held against it.")],
    log: Annotated[str, typer.Option(help="Address or folder of the log.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of a node of the chain.")] = "",
    comet: Annotated[str, typer.Option(help="CometBFT address of a node of the chain.")] = "",
) -> None:
    """Make an evidence file, and write it only when it holds.

    Without a node's address the log's own node is asked for the public half.
    """
    try:
        known = trust_file.parse(trust.read_bytes())
        held = Receipt.parse(receipt.read_bytes())
        evidence = asyncio.run(_fetched(held, known, log, comet or rpc))
        verdict = verify_evidence(evidence, known, PRIMITIVES)
    except _ERRORS as error:
        typer.echo(f"cannot export: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
    if not verdict.ok:
        typer.echo("\n".join(["refused:", *_failures(verdict)]), err=True)
        raise typer.Exit(1)
    out.write_bytes(evidence.encode())
    typer.echo("\n".join([f"{out}: {len(evidence.encode())} bytes", *_told(verdict, evidence)]))


@app.command("trust")
def write_trust(
    out: Annotated[Path, typer.Option(help="File to write.")],
    engine: Annotated[Engine, typer.Option(help="What makes the chain's blocks.")],
    state: Annotated[Path, typer.Option(help="The state folder.")] = Path("state"),
    validators: Annotated[
        Path | None,
        typer.Option(help="JSON array of them as in a trust file, or a network's `network.json`."),
    ] = None,
    network: Annotated[
        str, typer.Option(help="CometBFT's chain id, where the validators are a plain array.")
    ] = "",
    comet: Annotated[str, typer.Option(help="Read them from this CometBFT node.")] = "",
    quorum: Annotated[int | None, typer.Option(help="Witnesses needed; else a majority.")] = None,
) -> None:
    """Write what an auditor trusts, from a state folder; the auditor reads it before using it."""
    try:
        deployment = addresses.read(state / "contract.json")
        chain = replace(chain_of(deployment, engine), network=network)
        if comet:
            chain = asyncio.run(_with_validators(chain, comet))
        trust = trust_of(StateFolders(state), deployment, chain, quorum)
        value = trust.to_json()
        if validators is not None:
            _put_validators(value, strict_json.loads(validators.read_bytes()))
        text = json.dumps(value, indent=2) + "\n"
        trust_file.parse(text)
    except _ERRORS as error:
        typer.echo(f"cannot write: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
    out.write_text(text, "utf-8")
    seen = " The validators are those that one node names: compare them." if comet else ""
    typer.echo(f"{out}: {len(trust.logs)} logs on a chain by {engine}.{seen}")


def _put_validators(value: dict[str, Any], known: Any) -> None:  # noqa: ANN401 - any JSON value
    """Take validators into a trust file; what is wrong with them is told when it is read."""
    if isinstance(known, dict):
        value["chain"]["network"] = known.get("comet_chain_id")
        listed = known.get("validators")
        known = [{"key": _of(each, "key"), "power": _of(each, "power")} for each in listed or []]
    value["validators"] = known


def _of(value: Any, name: str) -> Any:  # noqa: ANN401 - any JSON value
    return value.get(name) if isinstance(value, dict) else None


async def _with_validators(chain: Chain, url: str) -> Chain:
    rpc = Rpc(url)
    try:
        proofs = CometProofs(rpc)
        network, validators = await proofs.network(), await proofs.validators()
        return replace(chain, network=network, validators=validators)
    finally:
        await rpc.close()


async def _fetched(receipt: Receipt, trust: Trust, log: str, node: str) -> Evidence:
    """Return the evidence of a receipt's entry; any of `_ERRORS`."""
    known = trust.logs.get(receipt.log_origin)
    if known is None:
        raise EvidenceError("trust", f"the log {receipt.log_origin!r} is not in the trust file")
    anchors = load_anchors(CommonSettings().tls_anchors)
    http = HttpxClient(anchors=anchors)
    rpc = Rpc(node, anchors=anchors)
    try:
        published = HttpLog(http, log.rstrip("/")) if "://" in log else FolderLog(Path(log))
        if not node and isinstance(published, HttpLog):
            public = bundle.parse(await published.read(f"evidence/{receipt.index}"))
        else:
            notes = [await published.checkpoint(), receipt.checkpoint]
            place = trust.place(known, PRIMITIVES)
            ledger = _ledger(trust.chain, rpc)
            public = await public_half(ledger, place, receipt.index, notes, published.tile)
    finally:
        await rpc.close()
        await http.close()
    return bundle.join(_known_lines(public, known), receipt)


def _ledger(chain: Chain, rpc: Rpc) -> Ledger:
    comet = chain.engine is Engine.COMETBFT
    proofs = CometProofs(rpc) if comet else EthereumProofs(rpc, chain.engine)
    return Ledger(chain.chain_id, chain.genesis_hash, proofs)


def _known_lines(evidence: Evidence, log: TrustedLog) -> Evidence:
    """Leave out what others have signed: in the file, every line counts."""
    note = evidence.checkpoint
    lines = tuple(line for line in note.signatures if log.knows(line))
    return replace(evidence, checkpoint=replace(note, signatures=lines))


def _kind(evidence: Evidence) -> EntryKind:
    try:
        return Entry.parse(evidence.entry).kind
    except EntryError as error:
        raise EvidenceError("entry", f"the entry cannot be read: {error}") from error


def _recomputed(verdict: Verdict, decision: bytes | None, rule: bytes) -> Verdict:
    if decision is None or verdict.entry is None or verdict.entry.kind is not EntryKind.DECISION:
        raise EvidenceError("thing", "--rule goes with --thing and the evidence of a decision")
    told = decisions.recompute(strict_json.loads(decision), strict_json.loads(rule))
    failures = [Failure(f"decision_{each.code}", each.place, each.detail) for each in told.failures]
    return replace(verdict, failures=(*verdict.failures, *failures))


def _as_json(verdict: Verdict) -> dict[str, Any]:
    entry = verdict.entry and strict_json.loads(verdict.entry.encode())
    return {"ok": verdict.ok, **asdict(verdict), "entry": entry}


def _told(verdict: Verdict, evidence: Evidence) -> Iterable[str]:
    if verdict.ok and verdict.entry:
        entry = verdict.entry
        origin = evidence.checkpoint.text.partition("\n")[0]
        yield f"Entry {entry.sequence} of {origin}: {entry.kind} by {entry.issuer}."
        yield (
            f"It is in the tree of {verdict.size} entries, which {verdict.witnesses} witnesses"
            f" cosigned and the contract took in epoch second {verdict.anchored}."
        )
        yield f"The contract's state is that of block {verdict.block}."
        if verdict.final:
            yield "The validators of the trust file made that block final."
        else:
            yield "Nobody stands for that block: it is a development chain's. So far, it holds."
    yield from _failures(verdict)


def _failures(verdict: Verdict) -> Iterable[str]:
    return [f"FAILED {each.code} ({each.clause}): {each.detail}" for each in verdict.failures]

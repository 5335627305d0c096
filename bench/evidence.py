"""An evidence file that was made from the embedded chain, checked as an auditor does."""

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.chain import CHAIN_ID, Sender, chain
from bench.log import HOST, digest_of, salt_of, write_log
from bench.measure import Row, rates
from madang.core.evidence import bundle
from madang.core.evidence.bundle import Thing
from madang.core.evidence.finality.model import Chain, Engine
from madang.core.evidence.trust_file import Trust, TrustedContract, TrustedLog
from madang.core.evidence.verify import verify_evidence
from madang.core.keys.signing import Signer, checker_for
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.checkpoint import Checkpoint, sign
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tiles import Tile
from madang.infra.chain import append_gas
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import Ledger, public_half
from madang.infra.state_proofs import EthereumProofs

SIZE, INDEX = 10_000, 3_333
ORIGIN = f"{HOST}/log"
TIME = 1_800_000_000


def evidence_rows() -> list[Row]:
    """Measure on a log of 10,000 entries with a second key and two witnesses."""
    signers: list[Signer] = [generate_ed25519("log"), generate_ml_dsa_44("second")]
    witnesses = {f"w{at}.example/witness": generate_ed25519(f"w{at}") for at in range(2)}
    content, trust = asyncio.run(_made(signers, witnesses))

    def check() -> None:
        verdict = verify_evidence(bundle.parse(content), trust, PRIMITIVES)
        if not verdict.ok:
            raise RuntimeError(f"the evidence of the bench does not hold: {verdict.failures}")

    spent = [1000 / rate for rate in rates(check)]
    bound = _signatures([*signers, *witnesses.values()])
    return [
        Row(
            what=f"evidence file, {len(content) / 1000:.1f} kB, of {SIZE:,} entries checked",
            figure=f"{median(spent):.2f} ms",
            spread=f"{min(spent):.2f} to {max(spent):.2f}",
            bound=f"its four signatures alone: {bound:.2f} ms",
            share=f"{median(spent) / bound:.2f}",
        )
    ]


async def _made(signers: Sequence[Signer], witnesses: Mapping[str, Signer]) -> tuple[bytes, Trust]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size, root = write_log(folder, SIZE)[-1]
        head = Checkpoint(ORIGIN, size, bytes.fromhex(root))
        lines = [cosign(head, each, signer, TIME) for each, signer in witnesses.items()]
        note = sign(head, signers[0], cosign(head, ORIGIN, signers[1], TIME), *lines)
        async with chain() as sender:
            trust = await _anchored(sender, head, signers, witnesses)
            ledger = Ledger(
                CHAIN_ID,
                trust.chain.genesis_hash,
                EthereumProofs(sender.chain.rpc, Engine.DEVELOPMENT),
            )

            async def tile(wanted: Tile) -> bytes:
                return (folder / wanted.path).read_bytes()

            place = trust.place(trust.logs[ORIGIN], PRIMITIVES)
            public = await public_half(ledger, place, INDEX, [note], tile)
    thing = Thing(digest_of(INDEX), salt_of(INDEX))
    return replace(public, thing=thing).encode(), trust


async def _anchored(
    sender: Sender, head: Checkpoint, signers: Sequence[Signer], witnesses: Mapping[str, Signer]
) -> Trust:
    """Bring a head to a fresh contract, and return what an auditor goes by."""
    contract = await sender.anchor_log()
    opener = sender.account.address
    opened = hashlib.sha256(ORIGIN.encode()).digest()
    await sender.send(contract.address, contract.open_call(opened))
    log_id = await contract.log_id(opener, opened)
    call = contract.append_call(log_id, head.size, head.root, ())
    await sender.send(contract.address, call, append_gas(0))
    _, genesis = await sender.chain.identity()
    code = await sender.chain.code_hash(contract.address)
    known = TrustedLog(
        key=VerifierKey.of(ORIGIN, signers[0]),
        second_key=CosignerKey.of(ORIGIN, signers[1]),
        opener=_bytes(opener),
        witnesses=tuple(CosignerKey.of(*each) for each in witnesses.items()),
        quorum=len(witnesses),
    )
    return Trust(
        Chain(Engine.DEVELOPMENT, CHAIN_ID, _bytes(genesis)),
        {"AnchorLog": TrustedContract(_bytes(contract.address), _bytes(code))},
        {ORIGIN: known},
    )


def _signatures(signers: Sequence[Signer]) -> float:
    """Return the milliseconds that checking one signature of each takes."""
    data = b"x" * 200
    signed = [(checker_for(each.public_key), each.sign(data)) for each in signers]

    def check() -> None:
        for checker, signature in signed:
            checker.check(signature, data)

    return median(1000 / rate for rate in rates(check))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


if __name__ == "__main__":
    for each in evidence_rows():
        print(each.what, "|", each.figure, "|", each.spread, "|", each.bound, "|", each.share)

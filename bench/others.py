"""What others put on a chain for a credential, on the same engine: document-store and EAS.

Their contracts come compiled from npm (`bench/ledger`), for the bench alone.
"""

import hashlib
import json
import re
from pathlib import Path

from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak

from bench.chain import Sender

PACKAGES = Path(__file__).parent / "ledger" / "node_modules"
_STORE = PACKAGES / "@govtechsg/document-store/dist/contracts/factories/DocumentStore__factory.js"
_EAS = PACKAGES / "@ethereum-attestation-service/eas-contracts/artifacts/contracts"
_CODE = re.compile(r'"0x(60[0-9a-f]{1000,})"')
_ATTEST = "(bytes32,(address,uint64,bool,bytes32,bytes,uint256))"
_SCHEMA = "bytes32 digest"
NOBODY = "0x" + "00" * 20


async def document_store(sender: Sender, numbers: tuple[int, ...]) -> dict[str, int]:
    """Return the gas of one `issue`, and of `bulkIssue` for each number."""
    found = _CODE.search(_read(_STORE))
    if found is None:
        raise RuntimeError(f"{_STORE} holds no code")
    arguments = abi_encode(["string", "address"], ["bench", sender.account.address])
    store = await sender.create(bytes.fromhex(found[1]) + arguments)
    used = {}
    one = _call("issue(bytes32)", ["bytes32"], [_digest("issue", 0)])
    used["issue"] = (await sender.send(store, one)).gas_used
    for number in numbers:
        digests = [_digest(f"bulk {number}", at) for at in range(number)]
        many = _call("bulkIssue(bytes32[])", ["bytes32[]"], [digests])
        used[f"bulkIssue {number}"] = (await sender.send(store, many)).gas_used
    return used


async def attestation(sender: Sender) -> int:
    """Return the gas of one `attest` of the Ethereum Attestation Service, of a digest."""
    registry = await sender.create(_artifact("SchemaRegistry"))
    service = await sender.create(_artifact("EAS") + abi_encode(["address"], [registry]))
    register = _call(
        "register(string,address,bool)", ["string", "address", "bool"], [_SCHEMA, NOBODY, True]
    )
    await sender.send(registry, register)
    schema = keccak(_SCHEMA.encode() + bytes(20) + b"\x01")
    used = 0
    # The second one: the first pays for slots of the account as well.
    for at in range(2):
        data = (sender.account.address, 0, True, bytes(32), _digest("attest", at), 0)
        call = _call(f"attest({_ATTEST})", [_ATTEST], [(schema, data)])
        used = (await sender.send(service, call)).gas_used
    return used


def _artifact(name: str) -> bytes:
    value = json.loads(_read(_EAS / f"{name}.sol" / f"{name}.json"))
    return bytes.fromhex(str(value["bytecode"]).removeprefix("0x"))


def _read(path: Path) -> str:
    if not path.is_file():
        raise RuntimeError(f"{path} is missing: `make bench` installs it")
    return path.read_text("utf-8")


def _call(signature: str, types: list[str], values: list[object]) -> bytes:
    return keccak(signature.encode())[:4] + abi_encode(types, values)


def _digest(what: str, at: int) -> bytes:
    return hashlib.sha256(f"{what} {at}".encode()).digest()

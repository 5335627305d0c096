"""The committed interface and code of the contracts, as `scripts/compile_contracts.py` wrote it."""

from dataclasses import dataclass
from importlib import resources
from typing import Any

from madang.core.encoding import strict_json

WORD = 32


class ArtifactError(ValueError):
    """An artifact is missing or is not what the compile script writes."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    Attributes:
        name: the contract's name, such as "AnchorLog".
        abi: its interface (Solidity contract ABI specification, JSON form).
        bytecode: code to deploy with, before the encoded constructor arguments.
        runtime: code on the chain, before the immutable values (see `code_on_chain`).
        source_sha256: hex digest of the source file.
        compiler: name and full version.
        evm_version: rules that the code needs at least.
        storage_slots: slot of each variable; a map's value is at keccak256(slot || key).
    """

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    runtime: bytes
    source_sha256: str
    compiler: str
    evm_version: str
    storage_slots: dict[str, int]

    def code_on_chain(self, *immutables: int) -> bytes:
        """Return the code that a deployment has, from what the constructor fixed in it.

        Whoever knows the values can so tell a genuine deployment by its code alone.

        Args:
            immutables: values in the order of the source, each one word.
        """
        return self.runtime + b"".join(value.to_bytes(WORD) for value in immutables)


def load(name: str) -> Artifact:
    """Read the artifact of a contract.

    Raises:
        ArtifactError: when there is none of this name, or a part of it is missing.
    """
    file = resources.files("contracts").joinpath("artifacts", f"{name}.json")
    if not name.isalnum() or not file.is_file():
        raise ArtifactError(f"no contract {name!r}; compile it with scripts/compile_contracts.py")
    value: Any = strict_json.loads(file.read_bytes())
    try:
        return Artifact(
            name=value["contract"],
            abi=tuple(value["abi"]),
            bytecode=_code(value["bytecode"]),
            runtime=_code(value["runtimeBytecode"]),
            source_sha256=value["sourceSha256"],
            compiler=value["compiler"],
            evm_version=value["evmVersion"],
            storage_slots={key: each["slot"] for key, each in value["storageLayout"].items()},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ArtifactError(f"the artifact of {name} lacks a part: {error!r}") from error


def _code(text: str) -> bytes:
    code = bytes.fromhex(text.removeprefix("0x"))
    if not code:
        raise ValueError("empty code")
    return code

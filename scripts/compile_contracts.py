"""Compile the contracts, or with --check compare them with what is committed.

Runs in the environment of contracts/requirements.lock, which the product does not share.
Prints what it wrote; with --check exits 1 and names every contract that differs.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import vyper

CONTRACTS = Path(__file__).resolve().parents[1] / "contracts"
NAMES = ("AnchorLog",)
EVM_VERSION = "london"
FORMATS = ["abi", "bytecode", "bytecode_runtime", "layout", "userdoc"]


def artifact(name: str) -> str:
    """Return the artifact of one contract as JSON text; the same on every machine."""
    source = (CONTRACTS / f"{name}.vy").read_text(encoding="utf-8")
    if f"# pragma evm-version {EVM_VERSION}\n" not in source:
        raise SystemExit(f"{name}.vy does not say '# pragma evm-version {EVM_VERSION}'")
    out = vyper.compile_code(source, contract_path=f"{name}.vy", output_formats=FORMATS)
    layout = out["layout"]
    value = {
        "contract": name,
        "source": f"contracts/{name}.vy",
        "sourceSha256": hashlib.sha256(source.encode()).hexdigest(),
        "compiler": f"vyper {vyper.__long_version__}",
        "evmVersion": EVM_VERSION,
        "abi": out["abi"],
        "notices": {key: each["notice"] for key, each in out["userdoc"]["methods"].items()},
        "storageLayout": layout["storage_layout"],
        "codeLayout": layout.get("code_layout", {}),
        "bytecode": out["bytecode"],
        "runtimeBytecode": out["bytecode_runtime"],
    }
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check every artifact; the return value is the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    stale = []
    for name in NAMES:
        file = CONTRACTS / "artifacts" / f"{name}.json"
        text = artifact(name)
        if check and (not file.is_file() or file.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(f"wrote {file.relative_to(CONTRACTS.parent)}")
    for name in stale:
        print(f"{name}: the committed artifact is not what {name}.vy compiles to; compile again")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

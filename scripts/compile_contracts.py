"""Compile the contracts, or with --check compare them with what is committed.

Runs in the environment of contracts/requirements.lock, which the product does not share.
Prints what it wrote; with --check exits 1 and names every contract that differs.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import vyper
from vyper.ast.natspec import parse_natspec
from vyper.compiler import outputs_from_compiler_data
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.phases import CompilerData

CONTRACTS = Path(__file__).resolve().parents[1] / "contracts"
NAMES = ("AnchorLog", "Accreditation")
EVM_VERSION = "london"
FORMATS = ["abi", "bytecode", "bytecode_runtime", "layout", "userdoc"]


def artifact(name: str) -> str:
    """Return the artifact of one contract as JSON text; the same on every machine."""
    source = (CONTRACTS / f"{name}.vy").read_text(encoding="utf-8")
    if f"# pragma evm-version {EVM_VERSION}\n" not in source:
        raise SystemExit(f"{name}.vy does not say '# pragma evm-version {EVM_VERSION}'")
    bundle = FilesystemInputBundle([CONTRACTS])
    data = CompilerData(bundle.load_file(Path(f"{name}.vy")), bundle)
    # First of all, since only this compiles by the rules that the source names.
    out = outputs_from_compiler_data(data, FORMATS)
    modules = {each: info.module_node for each, info in data.global_ctx.imported_modules.items()}
    value = {
        "contract": name,
        "source": f"contracts/{name}.vy",
        "sourceSha256": hashlib.sha256(source.encode()).hexdigest(),
        "modules": {each: sha256_of(f"{each}.vy") for each in modules},
        "compiler": f"vyper {vyper.__long_version__}",
        "evmVersion": EVM_VERSION,
        "abi": out["abi"],
        "notices": notices([data.annotated_vyper_module, *modules.values()], out["abi"]),
        "storageLayout": flat(out["layout"]["storage_layout"]),
        "codeLayout": flat(out["layout"].get("code_layout", {})),
        "bytecode": out["bytecode"],
        "runtimeBytecode": out["bytecode_runtime"],
    }
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def sha256_of(file: str) -> str:
    """Return the hex digest of a source file."""
    return hashlib.sha256((CONTRACTS / file).read_bytes()).hexdigest()


def notices(modules: list[Any], abi: list[dict[str, Any]]) -> dict[str, str]:
    """Return what the sources say about each function of the interface, by signature."""
    names = {each["name"] for each in abi if each["type"] == "function"}
    methods = [parse_natspec(each).userdoc.get("methods", {}) for each in modules]
    found = {key: value["notice"] for each in methods for key, value in each.items()}
    return {key: notice for key, notice in found.items() if key.partition("(")[0] in names}


def flat(layout: dict[str, Any]) -> dict[str, Any]:
    """Return where each variable is, those of modules beside the contract's own."""
    found: dict[str, Any] = {}
    for name, place in layout.items():
        inner = {name: place} if "type" in place else flat(place)
        if found.keys() & inner.keys():
            raise SystemExit(f"two variables have one name: {sorted(found.keys() & inner.keys())}")
        found |= inner
    return found


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

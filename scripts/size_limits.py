"""Hold functions and files to the sizes of docs/adr/0003-size-limits.md.

Prints the medians and every breach; exits 1 when there is one.
"""

import ast
import subprocess
import sys
from pathlib import Path
from statistics import median

FUNCTION_LINES, FUNCTION_MEDIAN = 70, 10
FILE_LINES, FILE_MEDIAN = 500, 150
PRODUCT = (
    "madang",
    "issuer",
    "verifier",
    "counter",
    "wallet_api",
    "ledger_node",
    "contracts",
    "mobile_stub",
)
SOURCES = (*PRODUCT, "tests", "bench", "scripts")
SUFFIXES = {".py", ".vy", ".js", ".mjs", ".html", ".css", ".go", ".sol"}


def tracked(root: Path) -> list[Path]:
    """Return the tracked and the new files of the repository, ignored ones left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    files = (root / line for line in listing.splitlines())
    return [
        p
        for p in files
        if p.suffix in SUFFIXES and p.is_file() and p.parts[len(root.parts)] in SOURCES
    ]


def functions(path: Path) -> list[tuple[str, int]]:
    """Return each function of a Python file with its length in lines, docstring included."""
    tree = ast.parse(path.read_text("utf-8"))
    return [
        (f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def breaches(root: Path) -> list[str]:
    """Return one line for each file, function or median over its limit."""
    files = tracked(root)
    lengths = {p: len(p.read_text("utf-8").splitlines()) for p in files}
    product = {
        p: n
        for p, n in lengths.items()
        if p.suffix == ".py" and p.parts[len(root.parts)] in PRODUCT
    }
    every = [row for p in files if p.suffix == ".py" for row in functions(p)]
    own = [n for p in product for _, n in functions(p)]
    found = [
        f"{p} has {n} lines, at most {FILE_LINES}" for p, n in lengths.items() if n > FILE_LINES
    ]
    found += [
        f"{name} has {n} lines, at most {FUNCTION_LINES}" for name, n in every if n > FUNCTION_LINES
    ]
    if own:
        file_median, function_median = median(n for n in product.values() if n > 1), median(own)
        print(
            f"files: {len(product)}, median {file_median};"
            f" functions: {len(own)}, median {function_median}"
        )
        if file_median > FILE_MEDIAN:
            found.append(f"median file has {file_median} lines, at most {FILE_MEDIAN}")
        if function_median > FUNCTION_MEDIAN:
            found.append(f"median function has {function_median} lines, at most {FUNCTION_MEDIAN}")
    return found


if __name__ == "__main__":
    problems = breaches(Path(__file__).resolve().parents[1])
    print("\n".join(problems) or "size limits: kept")
    sys.exit(bool(problems))

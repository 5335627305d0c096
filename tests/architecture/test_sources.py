"""Each module of core's formats, keys and log says whose words it implements."""

import ast
import re
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "madang" / "core"
PACKAGES = ("encoding", "envelope", "formats", "keys", "merkle", "status", "trust")
SOURCE = re.compile(
    r"RFC \d|ISO/IEC|ETSI TS \d|draft-|SD-JWT VC|W3C|C2SP|FIPS|OpenID4|HAIP|ERC-1056|ADR \d{4}"
    r"|[DC]ID 1\.0|did:\w+ method"
)
OWN = {"errors.py", "__init__.py"}
"""One error of a package, and a package's one line: nobody's specification."""
MODULES = sorted(
    path for name in PACKAGES for path in (CORE / name).rglob("*.py") if path.name not in OWN
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_or_each_of_its_public_names_cites_its_source(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    if SOURCE.search(ast.get_docstring(tree) or ""):
        return
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    silent = [each.name for each in public if not SOURCE.search(ast.get_docstring(each) or "")]
    assert silent == []

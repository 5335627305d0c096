"""The page on presentation checks names every code that there is, in its step, and no other."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from madang.core.protocol.dcql.check import AnswerCode
from madang.core.protocol.dcql.credential import MisfitCode
from madang.core.protocol.oid4vp import verdict
from madang.core.protocol.oid4vp.verdict import Step

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "formats" / "presentation-checks.md"
MODULES: Final = (
    *(f"protocol/oid4vp/{name}" for name in ("verification", "presented", "presented_sd_jwt")),
    *(f"protocol/oid4vp/{name}" for name in ("presented_mdoc", "transaction_check")),
    *(f"protocol/oid4vp/{name}" for name in ("status_check", "type_check", "verdict")),
    *(f"formats/sd_jwt/{name}" for name in ("vc", "key_binding", "model", "verify", "type_rules")),
    *(f"formats/mdoc/{name}" for name in ("verify", "model", "mso", "reading", "times")),
    *(f"trust/{name}" for name in ("model", "foreign", "x509", "mdoc_certificates")),
    *(f"status/{name}" for name in ("token_status_list", "token_jwt", "token_cwt", "token")),
)
MAKERS: Final = frozenset(
    {
        *("Failure", "StepFailure", "SdJwtError", "MdocError", "ChainError", "StatusError"),
        *("TrustError", "_failure", "_refusal", "unreadable", "bounded"),
    }
)
"""What is handed a code."""
COMPOSED: Final = frozenset(
    {
        *("issuer_not_accredited", "issuer_suspended", "issuer_name"),
        *("key_binding_exp", "key_binding_nbf"),
    }
)
"""Codes that are put together of two words."""
ELSEWHERE: Final = frozenset(
    {
        "issuer_key",  # told by step 3, with its own reason
        *("vct", "issuer", "doc_type_unexpected"),  # told by step 8: a query names what it accepts
        "status_value",  # of whoever writes a list
    }
)
"""Codes that no answer leads to."""
_CODE: Final = re.compile(r"[a-z]+(?:_[a-z0-9]+)*")


def documented() -> dict[Step, dict[str, str]]:
    """Return code and clause of every row, by its step."""
    found: dict[Step, dict[str, str]] = {}
    step = Step.SESSION
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## (\d+)\. `(\w+)`", line):
            step = Step(int(heading[1]))
            assert step.code == heading[2]
            assert step not in found
            found[step] = {}
        elif row := re.fullmatch(r"\| `(\w+)` \| (.+) \| .+ \|", line):
            assert row[1] not in found[step]
            found[step][row[1]] = row[2]
    return found


def written() -> set[str]:
    """Return every code that the source hands to one of the makers."""
    found: set[str] = set()
    for name in MODULES:
        tree = ast.parse((ROOT / "madang" / "core" / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            found.update(_codes(node))
    lapses = {verdict.EXPIRED, verdict.REVOKED, verdict.SUSPENDED}
    return found | lapses | set(AnswerCode) | set(MisfitCode)


def _codes(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
            if name in MAKERS:
                yield from list(_texts(arguments))[:1]
        case ast.Tuple(elts=[ast.Constant(value=str(code)), _, _]) if _CODE.fullmatch(code):
            if "_" in code:
                yield code
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(code))):
            if name in {"UNREACHABLE", "UNKNOWN", "code"}:
                yield code


def _texts(arguments: list[ast.expr]) -> Iterator[str]:
    for each in arguments:
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            if _CODE.fullmatch(each.value):
                yield each.value
            return


def test_the_steps_are_those_of_the_code_in_their_order() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert list(documented()) == list(Step)
    for step, after in pairwise([*Step, None]):
        start = page.index(f"## {step}. `")
        end = None if after is None else page.index(f"## {after}. `")
        text = " ".join(page[start:end].split())
        assert f"`{step.code}` {step.clause}." in text


def test_every_code_stands_on_the_page_and_no_other() -> None:
    named = {code for codes in documented().values() for code in codes}
    assert named == (written() | COMPOSED) - ELSEWHERE


def test_what_leaves_an_answer_genuine_stands_there() -> None:
    named = documented()
    assert verdict.EXPIRED in named[Step.CREDENTIAL]
    assert {verdict.REVOKED, verdict.SUSPENDED} <= named[Step.STATUS].keys()
    assert {verdict.NOT_ACCREDITED, verdict.ISSUER_SUSPENDED} <= named[Step.ISSUER].keys()

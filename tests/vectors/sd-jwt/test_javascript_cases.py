"""The JSON cases of sd-jwt-js: claims, what is disclosable, what is presented."""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from madang.core.formats.sd_jwt import verify
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue, salts_from
from madang.core.formats.sd_jwt.model import Path as ClaimPath
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.present import select
from madang.core.keys.software import generate_p256

CASES = 17
# The library drops an object whose members are all withheld; it is signed in clear, so RFC 9901
# section 7.1 keeps it, and the Python cases of the same name say so.
PRESENTED_OTHERWISE = {"array_none_disclosed.json": {"is_over": {}}}
ISSUER = generate_p256("issuer")
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "sd-jwt-js"


def files() -> list[Path]:
    return sorted(SHARED.glob("*.json")) or [Path("absent")]


@pytest.fixture(params=files(), ids=lambda path: path.name)
def case(
    request: pytest.FixtureRequest,
    vectors: Callable[[str], Path],
    record_case: Callable[..., None],
) -> dict[str, Any]:
    vectors("sd-jwt-js")
    record_case(request.param)
    return {"name": request.param.name, **json.loads(request.param.read_text("utf-8"))}


def test_no_case_is_left_out(vectors: Callable[[str], Path]) -> None:
    assert len(list(vectors("sd-jwt-js").glob("*.json"))) == CASES


def disclosable(frame: dict[str, Any], claims: Any, path: ClaimPath = ()) -> Iterator[ClaimPath]:
    for name in frame.get("_sd", []):
        yield (*path, name)
    for name, inner in frame.items():
        if name not in {"_sd", "_sd_decoy"} and isinstance(inner, dict):
            step = int(name) if isinstance(claims, list) else name
            yield from disclosable(inner, claims[step], (*path, step))


def presented(frame: Any, claims: Any, path: ClaimPath = ()) -> Iterator[ClaimPath]:
    if frame is True:
        yield path
    elif isinstance(frame, dict):
        for name, inner in frame.items():
            step = int(name) if isinstance(claims, list) else name
            if isinstance(claims, list) and step >= len(claims):
                continue
            yield from presented(inner, claims[step], (*path, step))


def test_presentations_show_what_the_case_says(case: dict[str, Any]) -> None:
    claims = case["claims"]
    frame = SdFrame.of(disclosable(case.get("disclosureFrame", {}), claims))
    salts = salts_from(secrets.token_bytes(16 * 100))
    issued = issue(claims, frame, signer=ISSUER, header={}, salts=salts)
    assert verify.process(parse(issued.compact)) == claims
    chosen = list(presented(case.get("presentationFrames", {}), claims))
    seen = verify.process(parse(select(parse(issued.compact), chosen)))
    assert seen == PRESENTED_OTHERWISE.get(case["name"], case["presentedClaims"])

"""The YAML specifications of sd-jwt-python, RFC 9901 and SD-JWT VC, on both sides.

Each says what is issued, what the holder discloses, and (most of them) what the verifier sees.
The reference implementation stands on the other side: what ours issues it must verify, and what
it issues ours must process. The JSON cases run in the compact form and in that of RFC 9901
section 8; the reference writes the JSON of an older draft, with the disclosures on the top level.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.utils.yaml_specification import load_yaml_specification, remove_sdobj_wrappers
from sd_jwt.verifier import SDJWTVerifier

from madang.core.encoding import base64url
from madang.core.formats.sd_jwt import present, verify
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue, salts_from
from madang.core.formats.sd_jwt.json_form import to_compact, to_json
from madang.core.formats.sd_jwt.model import Path as ClaimPath
from madang.core.formats.sd_jwt.model import parse
from madang.core.keys.software import SoftwareSigner, generate_p256

FOLDERS = {"sd-jwt-python": 32, "sd-jwt-rfc9901": 15, "sd-jwt-vc": 3}
"""How many specifications each folder has; fewer found than this is a failure."""

DECOYS = 3
ISSUER, HOLDER = generate_p256("issuer"), generate_p256("holder")
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "vectors"


def specifications() -> list[Path]:
    found = [p for folder in FOLDERS for p in (SHARED / folder).rglob("specification.yml")]
    return sorted(found) or [Path("absent")]


def named(path: Path) -> str:
    return "-".join(path.parts[-4:-1])


@pytest.fixture(params=specifications(), ids=named)
def case(
    request: pytest.FixtureRequest,
    vectors: Callable[[str], Path],
    record_case: Callable[..., None],
) -> dict[str, Any]:
    for folder in FOLDERS:
        vectors(folder)
    record_case(request.param)
    specification: dict[str, Any] = load_yaml_specification(str(request.param))
    return specification


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_specification_is_left_out(folder: str, vectors: Callable[[str], Path]) -> None:
    assert len(list(vectors(folder).rglob("specification.yml"))) == FOLDERS[folder]


def disclosable(value: Any, path: ClaimPath = ()) -> Iterator[ClaimPath]:
    """Yield the path of everything that the specification marks with !sd."""
    if isinstance(value, SDObj):
        yield path
        yield from disclosable(value.value, path)
    elif isinstance(value, dict):
        for key, member in value.items():
            name = key.value if isinstance(key, SDObj) else key
            if isinstance(key, SDObj):
                yield (*path, name)
            yield from disclosable(member, (*path, name))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from disclosable(element, (*path, index))


def private_jwk(signer: SoftwareSigner) -> JWK:
    number = signer._private_key.private_numbers().private_value  # type: ignore[union-attr]
    d = base64url.encode(number.to_bytes(32, "big"))
    return JWK(**signer.public_key.to_jwk(), d=d)


def ours(case: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    claims = remove_sdobj_wrappers(case["user_claims"])
    claims["iss"] = "https://issuer.example"
    claims["cnf"] = {"jwk": HOLDER.public_key.to_jwk()}
    frame = SdFrame.of(
        disclosable(case["user_claims"]), {(): DECOYS} if case.get("add_decoy_claims") else {}
    )
    issued = issue(
        claims,
        frame,
        signer=ISSUER,
        header=case.get("extra_header_parameters", {}),
        salts=salts_from(secrets.token_bytes(16 * 200)),
    )
    return issued.compact, claims


def seen_by_reference(presentation: str) -> dict[str, Any]:
    key = JWK(**ISSUER.public_key.to_jwk())
    verifier = SDJWTVerifier(presentation, lambda _iss, _header: key, "verifier", "nonce")
    payload: dict[str, Any] = verifier.get_verified_payload()
    return payload


def test_what_ours_issues_the_reference_verifies_in_full(case: dict[str, Any]) -> None:
    compact, claims = ours(case)
    every = [(name,) for name in claims]
    shown = present.present(
        compact, every, holder=HOLDER, audience="verifier", nonce="nonce", issued_at=1_700_000_000
    )
    assert seen_by_reference(shown) == claims
    assert verify.process(parse(shown)) == claims
    assert to_compact(to_json(shown)) == shown


def test_what_the_holder_chooses_both_see_alike(case: dict[str, Any]) -> None:
    compact, _ = ours(case)
    chosen = list(leaves_of(case["holder_disclosed_claims"]))
    shown = present.present(
        compact, chosen, holder=HOLDER, audience="verifier", nonce="nonce", issued_at=1_700_000_000
    )
    seen = verify.process(parse(shown))
    assert seen_by_reference(shown) == seen
    expected = case.get("expect_verified_user_claims")
    if expected is not None:
        seen = {name: value for name, value in seen.items() if name not in {"iss", "cnf"}}
        expected = {name: value for name, value in expected.items() if name not in {"iss", "cnf"}}
        assert seen == expected


def leaves_of(value: Any, path: ClaimPath = ()) -> Iterator[ClaimPath]:
    """Yield the paths to the trues of a disclosure specification."""
    if value is True or (isinstance(value, str) and value not in {"None", ""}):
        yield path
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from leaves_of(member, (*path, name))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from leaves_of(element, (*path, index))


def test_what_the_reference_issues_ours_processes(case: dict[str, Any]) -> None:
    issuer = SDJWTIssuer(
        case["user_claims"],
        private_jwk(ISSUER),
        JWK(**HOLDER.public_key.to_jwk()),
        add_decoy_claims=case.get("add_decoy_claims", False),
        extra_header_parameters=case.get("extra_header_parameters", {}),
    )
    compact = issuer.sd_jwt_issuance
    everything = verify.process(parse(compact))
    claims = remove_sdobj_wrappers(case["user_claims"])
    claims.pop("cnf", None)  # the reference puts the holder's key there
    assert {name: everything[name] for name in claims} == claims
    holder = SDJWTHolder(compact)
    holder.create_presentation(
        case["holder_disclosed_claims"], "nonce", "verifier", private_jwk(HOLDER)
    )
    processed = verify.process(parse(holder.sd_jwt_presentation))
    assert processed == seen_by_reference(holder.sd_jwt_presentation)
    assert json.dumps(processed)

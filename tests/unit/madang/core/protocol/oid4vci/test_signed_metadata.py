import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.software import generate_ed25519
from madang.core.protocol.oid4vci.errors import Oid4vciError
from madang.core.protocol.oid4vci.metadata import IssuerMetadata
from madang.core.protocol.oid4vci.signed_metadata import parse_signed_metadata, sign_metadata
from madang.core.protocol.typed_jwt import Window
from tests.fuzz.world import CHAIN, ISSUER, NOW, ROOT_DER, SIGNER

METADATA = IssuerMetadata(
    credential_issuer=ISSUER,
    credential_endpoint=f"{ISSUER}/credential",
    credential_configurations_supported={},
)
COMPACT = sign_metadata(METADATA.to_json(), SIGNER, issued_at=NOW, expires_at=NOW + 300)


def read(data: str | bytes, now: int = NOW, anchors: tuple[bytes, ...] = (ROOT_DER,)) -> object:
    raw = data if isinstance(data, bytes) else data.encode()
    window = Window(now, 300, 60)
    return parse_signed_metadata(raw, issuer=ISSUER, anchors=anchors, window=window)


def signed(typ: str = "openidvci-issuer-metadata+jwt", **changes: object) -> str:
    claims: dict[str, Any] = {**METADATA.to_json(), "sub": ISSUER, "iat": NOW, **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jws.sign(strict_json.dumps(kept).encode(), {"typ": typ, **CHAIN}, SIGNER)


def test_what_an_issuer_signs_is_what_a_wallet_reads() -> None:
    assert read(COMPACT) == METADATA
    opened = jws.parse(COMPACT)
    assert opened.header == {"typ": "openidvci-issuer-metadata+jwt", "alg": "EdDSA", **CHAIN}
    claims = jws.claims(opened)
    assert (claims["iss"], claims["sub"], claims["iat"]) == (ISSUER, ISSUER, NOW)
    assert METADATA.to_json().items() <= claims.items()


def test_without_iss_and_exp_it_is_read_too() -> None:
    assert read(signed()) == METADATA


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("", id="nothing"),
        pytest.param("비밀", id="no ASCII"),
        pytest.param(COMPACT[:-4] + "AAAA", id="altered"),
        pytest.param(signed(typ="JWT"), id="typ"),
        pytest.param(signed(sub="https://other.example"), id="sub"),
        pytest.param(signed(sub=None), id="no sub"),
        pytest.param(signed(credential_issuer="https://other.example"), id="another issuer"),
        pytest.param(signed(iat=None), id="no iat"),
        pytest.param(signed(iat=NOW - 361), id="old"),
        pytest.param(signed(exp=NOW - 60), id="expired"),
        pytest.param(signed(credential_endpoint=None), id="not metadata"),
        pytest.param(
            jws.sign(b"{}", {"typ": "openidvci-issuer-metadata+jwt", **CHAIN},
                     generate_ed25519("x")), id="another key"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused(data: str) -> None:
    with pytest.raises(Oid4vciError) as refusal:
        read(data)
    assert refusal.value.code == "invalid_metadata"


def test_a_signer_that_is_not_trusted_is_refused() -> None:
    with pytest.raises(Oid4vciError, match="not trusted"):
        read(COMPACT, anchors=())


@given(st.dictionaries(st.text(max_size=20), st.integers() | st.text(max_size=3)))
def test_any_claims_are_read_or_refused_by_the_family(changes: dict[str, object]) -> None:
    with contextlib.suppress(Oid4vciError):
        read(signed(**{k: v for k, v in changes.items() if k != "typ"}))

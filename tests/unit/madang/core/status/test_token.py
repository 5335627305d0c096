"""Both forms of the token by the same cases."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor, strict_json
from madang.core.envelope import cose, cwt, jws
from madang.core.keys.signing import SignatureChecker, Signer, checker_for
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.status import token_cwt, token_jwt
from madang.core.status.errors import StatusError
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import INVALID, StatusList

SIGNER = generate_p256("issuer")
CHECKER = checker_for(SIGNER.public_key)
URI, NOW = "https://i/statuslists/1", 1_800_000_000


def statuses() -> StatusList:
    made = StatusList.of_size(100)
    made.set(7, INVALID)
    return made


TOKEN = StatusListToken(URI, NOW - 10, NOW + 100, 60, statuses().pack("https://i/statuslists"))
NAMES = {"sub": 2, "iat": 6, "exp": 4, "nbf": 5, "ttl": 65534, "status_list": 65533}


@dataclass(frozen=True)
class Form:
    encode: Callable[[StatusListToken, Signer], bytes]
    sign: Callable[[Mapping[str, Any], Signer], bytes]
    retype: Callable[[], bytes]
    verify: Callable[..., StatusListToken]
    chain: Callable[[bytes], tuple[bytes, ...]]
    break_signature: Callable[[bytes], bytes]


def claims(listed: object, changes: Mapping[str, Any]) -> dict[str, Any]:
    known = {"sub": URI, "iat": NOW - 10, "exp": NOW + 100, "ttl": 60, "status_list": listed}
    return {k: v for k, v in {**known, **changes}.items() if v is not ...}


def sign_jwt(changes: Mapping[str, Any], signer: Signer, typ: str = token_jwt.TYPE) -> bytes:
    said = claims(TOKEN.packed.to_json(), changes)
    return jws.sign(strict_json.dumps(said).encode(), {"typ": typ}, signer).encode()


def sign_cwt(
    changes: Mapping[str, Any], signer: Signer, typ: str | None = token_cwt.MEDIA_TYPE
) -> bytes:
    said = claims(TOKEN.packed.to_cbor(), changes)
    return cwt.encode({NAMES[name]: value for name, value in said.items()}, signer, typ=typ)


def verify_jwt(data: bytes, checker: SignatureChecker = CHECKER, **more: Any) -> StatusListToken:
    return token_jwt.verify(token_jwt.parse(data), uri=URI, checker=checker, now=NOW, **more)


def verify_cwt(data: bytes, checker: SignatureChecker = CHECKER) -> StatusListToken:
    return token_cwt.verify(token_cwt.parse(data), uri=URI, checker=checker, now=NOW)


FORMS = {
    "jwt": Form(
        encode=lambda token, signer: token_jwt.encode(token, signer).encode(),
        sign=sign_jwt,
        retype=lambda: sign_jwt({}, SIGNER, "JWT"),
        verify=verify_jwt,
        chain=lambda data: jws.decode_chain(token_jwt.parse(data).header),
        break_signature=lambda data: data[:-6] + b"AAAAAA",
    ),
    "cwt": Form(
        encode=token_cwt.encode,
        sign=sign_cwt,
        retype=lambda: sign_cwt({}, SIGNER, None),
        verify=verify_cwt,
        chain=lambda data: cose.x5chain(token_cwt.parse(data).message),
        break_signature=lambda data: data[:-4] + b"\0\0\0\0",
    ),
}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


def test_a_token_carries_list_and_times(form: Form) -> None:
    found = form.verify(form.encode(TOKEN, SIGNER))
    assert found == TOKEN
    assert [found.packed.unpack().get(at) for at in (6, 7, 8)] == [0, INVALID, 0]


def test_what_a_token_does_not_say_is_not_in_it(form: Form) -> None:
    bare = replace(TOKEN, expires_at=None, ttl=None)
    assert form.verify(form.encode(bare, SIGNER)) == bare


def test_a_token_carries_the_certificates_of_its_key(form: Form) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = SoftwareSigner(key, "issuer", (b"leaf", b"intermediate"))
    assert form.chain(form.encode(TOKEN, signer)) == (b"leaf", b"intermediate")
    assert form.chain(form.encode(TOKEN, SIGNER)) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sub": "https://i/statuslists/2"}, "status_list_subject"),
        ({"sub": URI + "/"}, "status_list_subject"),
        ({"sub": ...}, "status_list_malformed"),
        ({"sub": 7}, "status_list_malformed"),
        ({"exp": NOW}, "status_list_expired"),
        ({"iat": NOW + 61}, "status_list_not_yet_valid"),
        ({"nbf": NOW + 61}, "status_list_not_yet_valid"),
        ({"iat": ...}, "status_list_malformed"),
        ({"iat": True}, "status_list_malformed"),
        ({"exp": "x"}, "status_list_malformed"),
        ({"exp": True}, "status_list_malformed"),
        ({"nbf": "x"}, "status_list_malformed"),
        ({"ttl": 0}, "status_list_malformed"),
        ({"ttl": -1}, "status_list_malformed"),
        ({"ttl": "60"}, "status_list_malformed"),
        ({"status_list": ...}, "status_list_malformed"),
        ({"status_list": {"bits": 1}}, "status_list_malformed"),
    ],
)
def test_what_cannot_be_relied_upon_is_refused(
    form: Form, changes: Mapping[str, Any], code: str
) -> None:
    with pytest.raises(StatusError) as refused:
        form.verify(form.sign(changes, SIGNER))
    assert refused.value.code == code


@pytest.mark.parametrize("changes", [{"exp": NOW + 1}, {"iat": NOW + 60}, {"nbf": NOW}])
def test_a_token_is_good_to_the_last_second(form: Form, changes: Mapping[str, Any]) -> None:
    assert form.verify(form.sign(changes, SIGNER)).uri == URI


def test_another_type_is_refused(form: Form) -> None:
    with pytest.raises(StatusError) as refused:
        form.verify(form.retype())
    assert refused.value.code == "status_list_type"


def test_another_key_or_another_signature_is_refused(form: Form) -> None:
    good, other = form.encode(TOKEN, SIGNER), checker_for(generate_p256("x").public_key)
    for data, checker in ((good, other), (form.break_signature(good), CHECKER)):
        with pytest.raises(StatusError) as refused:
            form.verify(data, checker)
        assert refused.value.code == "status_list_signature"


def test_a_code_made_with_a_shared_key_is_refused() -> None:
    said = strict_json.dumps(claims(TOKEN.packed.to_json(), {})).encode()
    forged = jws.sign(said, {"typ": token_jwt.TYPE}, SIGNER).split(".")
    header = strict_json.dumps({"typ": token_jwt.TYPE, "alg": "HS256"}).encode()
    forged[0] = jws.base64url.encode(header)
    with pytest.raises(StatusError) as refused:
        verify_jwt(".".join(forged).encode())
    assert refused.value.code == "status_list_signature"
    mac = cose.encode(cose.mac0(cbor.dumps({2: URI}), b"key"))
    with pytest.raises(StatusError) as refused:
        verify_cwt(mac)
    assert refused.value.code == "status_list_malformed"


def test_a_long_token_is_not_read(form: Form) -> None:
    good = form.encode(TOKEN, SIGNER)
    parse = token_jwt.parse if form is FORMS["jwt"] else token_cwt.parse
    with pytest.raises(StatusError, match="100") as refused:
        parse(good, max_bytes=100)
    assert refused.value.code == "status_list_too_large"
    assert parse(good, max_bytes=len(good))


def test_a_cwt_may_stand_in_its_tag() -> None:
    message = cbor.loads(token_cwt.encode(TOKEN, SIGNER))
    for value in (message.value, cbor.Tag(cwt.TAG, message)):
        assert verify_cwt(cbor.dumps(value)) == TOKEN


@pytest.mark.parametrize("data", [b"", b"a.b", b"a.b.c", b"\xff\xff.\xff", b"\xa0", b"\x83\x01"])
def test_what_is_no_token_is_refused(data: bytes) -> None:
    for parse in (token_jwt.parse, token_cwt.parse):
        with pytest.raises(StatusError) as refused:
            parse(data)
        assert refused.value.code == "status_list_malformed"


@given(st.binary(max_size=300))
def test_any_bytes_give_a_token_or_the_one_error(data: bytes) -> None:
    for verify in (verify_jwt, verify_cwt):
        with suppress(StatusError):
            verify(data)


@given(st.data())
def test_any_claims_give_a_token_or_the_one_error(data: st.DataObject) -> None:
    simple = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.binary()
    said = data.draw(st.dictionaries(st.sampled_from([*NAMES.values()]), simple))
    with suppress(StatusError):
        verify_cwt(cwt.encode(said, SIGNER, typ=token_cwt.MEDIA_TYPE))

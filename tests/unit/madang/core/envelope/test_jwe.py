import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from madang.core.encoding import base64url
from madang.core.envelope import jwe
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from madang.core.keys.software import (
    SoftwareSigner,
    generate_ed25519,
    generate_ml_dsa_44,
    generate_p384,
)

PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = {**PublicKey.from_native(PRIVATE.public_key()).to_jwk(), "kid": "k1", "alg": "ECDH-ES"}
SCALAR = base64url.encode(PRIVATE.private_numbers().private_value.to_bytes(32, "big"))
KEYS = {"k1": {**PUBLIC, "d": SCALAR}}


def protected(**change: object) -> str:
    """Make a JWE with another header by the foreign library."""
    header = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": "k1"}
    made = {k: v for k, v in {**header, **change}.items() if v is not None}
    token = JWE(b"secret", json.dumps(made), algs=[made["alg"], made["enc"]])
    token.add_recipient(JWK(**PublicKey.from_jwk(PUBLIC, use=ENCRYPTION).to_jwk()))
    serialized: str = token.serialize(compact=True)
    return serialized


@pytest.mark.parametrize("enc", jwe.ENCS)
def test_what_is_encrypted_opens(enc: str) -> None:
    compact = jwe.encrypt("비밀".encode(), PUBLIC, enc=enc)
    assert jwe.decrypt(compact, KEYS) == "비밀".encode()


@pytest.mark.parametrize("enc", jwe.ENCS)
def test_a_foreign_library_opens_ours_and_ours_opens_theirs(enc: str) -> None:
    token = JWE()
    token.deserialize(jwe.encrypt(b"ours", PUBLIC, enc=enc), JWK(**KEYS["k1"]))
    assert token.payload == b"ours"
    assert jwe.decrypt(protected(enc=enc), KEYS) == b"secret"


@pytest.mark.parametrize(
    "compact",
    [
        protected(enc="A256GCM"),
        protected(enc="A128CBC-HS256"),
        protected(alg="ECDH-ES+A128KW"),
        protected(kid="k2"),
        protected(kid=None),
        protected(zip="DEF"),
        "",
        "a.b.c.d.e",
        "a.b.c",
    ],
)
def test_what_was_not_offered_is_refused(compact: str) -> None:
    with pytest.raises(EnvelopeError):
        jwe.decrypt(compact, KEYS, allowed_enc=("A128GCM",))


def header_of(compact: str) -> dict[str, object]:
    """Return the header of a JWE."""
    found: dict[str, object] = json.loads(base64url.decode(compact.split(".", maxsplit=1)[0]))
    return found


@pytest.mark.parametrize("kid", ["", None, 7, "absent"])
def test_a_key_without_a_name_is_not_named(kid: object) -> None:
    nameless = {name: value for name, value in PUBLIC.items() if name != "kid"}
    compact = jwe.encrypt(b"x", nameless | ({} if kid == "absent" else {"kid": kid}), enc="A128GCM")
    assert "kid" not in header_of(compact)
    assert jwe.decrypt_with(compact, KEYS["k1"]) == b"x"


def test_a_named_key_is_named() -> None:
    assert header_of(jwe.encrypt(b"x", PUBLIC, enc="A128GCM"))["kid"] == "k1"


def test_both_parties_go_into_the_agreed_key() -> None:
    parties = {"apu": "QWxpY2U", "apv": "Qm9i"}
    compact = protected(**parties)
    assert jwe.decrypt(compact, KEYS) == b"secret"
    _, *rest = compact.split(".")
    for name in parties:
        other = json.dumps({**header_of(compact), name: "TWFsbG9yeQ"}).encode()
        with pytest.raises(EnvelopeError):
            jwe.decrypt(".".join([base64url.encode(other), *rest]), KEYS)


def test_a_point_that_is_not_on_the_curve_is_refused_before_anything_is_agreed() -> None:
    compact = protected()
    header = header_of(compact)
    epk = PublicKey.from_native(PRIVATE.public_key()).to_jwk()
    for wrong in ({**epk, "y": epk["x"]}, {**epk, "x": base64url.encode(bytes(32))}):
        head = base64url.encode(json.dumps({**header, "epk": wrong}).encode())
        with pytest.raises(EnvelopeError) as refused:
            jwe.decrypt(".".join([head, *compact.split(".")[1:]]), KEYS)
        assert "not on P-256" in str(refused.value.__cause__)


def test_with_a_key_in_hand_the_header_need_not_name_it() -> None:
    assert jwe.decrypt_with(protected(kid=None), KEYS["k1"]) == b"secret"
    assert jwe.decrypt_with(protected(kid="k2"), KEYS["k1"]) == b"secret"
    for refused in (protected(enc="A256GCM"), protected(zip="DEF"), "a.b.c.d.e"):
        with pytest.raises(EnvelopeError):
            jwe.decrypt_with(refused, KEYS["k1"], allowed_enc=("A128GCM",))


@pytest.mark.parametrize("change", [{"enc": "A256GCM"}, {"alg": "ECDH-ES+A128KW"}])
def test_the_refusal_tells_what_came_and_what_was_expected(change: dict[str, str]) -> None:
    (came,) = change.values()
    with pytest.raises(EnvelopeError) as refused:
        jwe.decrypt(protected(**change), KEYS, allowed_enc=("A128GCM",))
    assert repr(came) in str(refused.value)
    assert "ECDH-ES with one of A128GCM was expected" in str(refused.value)


@pytest.mark.parametrize("member", ["zip", "crit"])
def test_compression_and_critical_members_are_refused_by_name(member: str) -> None:
    parts = protected().split(".")
    header = {**json.loads(base64url.decode(parts[0])), member: "DEF"}
    head = base64url.encode(json.dumps(header).encode())
    with pytest.raises(EnvelopeError, match=f"has {member}"):
        jwe.decrypt(".".join([head, *parts[1:]]), KEYS)


@pytest.mark.parametrize("part", [0, 2, 3, 4])
def test_an_altered_part_is_refused(part: int) -> None:
    parts = protected().split(".")
    parts[part] = parts[part][:-2] + ("AA" if not parts[part].endswith("AA") else "BA")
    with pytest.raises(EnvelopeError):
        jwe.decrypt(".".join(parts), KEYS)


def test_another_key_does_not_open_it() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    scalar = base64url.encode(other.private_numbers().private_value.to_bytes(32, "big"))
    wrong = {**PublicKey.from_native(other.public_key()).to_jwk(), "d": scalar}
    with pytest.raises(EnvelopeError):
        jwe.decrypt(protected(), {"k1": wrong})


@pytest.mark.parametrize("change", [{"d": "AA"}, {"x": "AA"}, {"x": None}, {"y": PUBLIC["x"]}])
def test_a_private_key_that_is_not_that_of_its_point_opens_nothing(
    change: dict[str, str | None],
) -> None:
    compact = jwe.encrypt(b"x", PUBLIC, enc="A128GCM")
    with pytest.raises(EnvelopeError, match="cannot be decrypted"):
        jwe.decrypt(compact, {"k1": {**KEYS["k1"], **change}})


def test_the_length_is_bounded() -> None:
    with pytest.raises(EnvelopeError, match="at most 50"):
        jwe.decrypt(protected(), KEYS, max_bytes=50)


def test_a_large_answer_of_many_presentations_passes() -> None:
    payload = b"x" * 200_000
    assert jwe.decrypt(jwe.encrypt(payload, PUBLIC, enc="A256GCM"), KEYS) == payload


@pytest.mark.parametrize("change", [{"alg": "RSA-OAEP"}, {"x": "AA"}, {"kty": "OKP"}])
def test_a_key_of_another_kind_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(EnvelopeError):
        jwe.encrypt(b"", {**PUBLIC, **change}, enc="A128GCM")
    with pytest.raises(EnvelopeError):
        jwe.encrypt(b"", PUBLIC, enc="A192GCM")


@pytest.mark.parametrize("generate", [generate_p384, generate_ed25519, generate_ml_dsa_44])
def test_keys_that_only_sign_are_no_recipients(generate: Callable[[str], SoftwareSigner]) -> None:
    jwk = {**generate("k1").public_key.to_jwk(), "kid": "k1"}
    jwk.pop("alg", None)
    with pytest.raises(EnvelopeError):
        jwe.encrypt(b"", jwk, enc="A128GCM")
    with pytest.raises(EnvelopeError):
        jwe.encrypt(b"", {**jwk, "alg": "ECDH-ES"}, enc="A128GCM")


@pytest.mark.parametrize("part", [2, 4])
@pytest.mark.parametrize("cut", [1, 4, 8, 12])
def test_a_shortened_nonce_or_tag_is_refused(part: int, cut: int) -> None:
    parts = protected().split(".")
    parts[part] = base64url.encode(base64url.decode(parts[part])[:-cut])
    with pytest.raises(EnvelopeError):
        jwe.decrypt(".".join(parts), KEYS)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
MEMBERS = st.sampled_from(["epk", "apu", "apv", "kid", "alg", "enc", "typ", "jwk", "x5c"])
OF_A_KEY = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "d", "use"]), ANYTHING)


@given(st.dictionaries(MEMBERS, ANYTHING, min_size=1), OF_A_KEY)
def test_another_header_raises_only_its_own_error(
    change: dict[str, object], key: dict[str, object]
) -> None:
    parts = protected().split(".")
    header = json.loads(base64url.decode(parts[0]))
    header["epk"] |= key
    for made in ({**header, **change}, header if key else {**header, "epk": key}):
        head = base64url.encode(json.dumps(made).encode())
        with pytest.raises(EnvelopeError):
            jwe.decrypt(".".join([head, *parts[1:]]), KEYS)


@given(st.text() | st.lists(st.text(alphabet="abAB01-_"), min_size=5, max_size=5).map(".".join))
def test_decrypting_raises_only_its_own_error(compact: str) -> None:
    with suppress(EnvelopeError):
        jwe.decrypt(compact, KEYS)

"""Bad answers at the response address: each is refused, noted once, and leaves nothing behind.

Every case is followed by a good answer to the same request, which is accepted: so the case fails
for what it is about, and a refused answer does not use the presentation up.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwe import encrypt_compact
from joserfc.jwk import ECKey

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner
from madang.core.protocol.oid4vp.response import answer_form
from madang.infra import ca
from tests.unit.verifier.world import DAY, NOW, TENANT, Asked, City, certified

YEAR = 365 * DAY
Case = Callable[[Asked], httpx.Response]


def shown(make: Callable[[Asked], str]) -> Case:
    """Return a case that answers with one presentation of a Digital ID."""
    return lambda asked: asked.answer({"digital_id": [make(asked)]})


def issued(**changes: Any) -> Case:
    """Return a case that shows a Digital ID issued with changes."""

    def make(asked: Asked) -> str:
        return asked.show("digital_id", asked.city.credential("digital_id", **changes))

    return shown(make)


def flipped(compact: str) -> str:
    """Return a JWT with another signature of the right length."""
    head, body, signature = compact.split(".")
    raw = bytearray(base64url.decode(signature))
    raw[0] ^= 1
    return f"{head}.{body}.{base64url.encode(bytes(raw))}"


def parts(text: str) -> tuple[str, list[str], str]:
    """Return issuer-signed JWT, disclosures and key binding JWT."""
    issuer, *disclosures, binding = text.split("~")
    return issuer, disclosures, binding


def forged(claims: object, header: dict[str, object], secret: bytes = b"") -> str:
    """Return a JWT that is not signed, or by a shared secret."""
    texts = [base64url.encode(json.dumps(part).encode()) for part in (header, claims)]
    signed = ".".join(texts)
    tag = hmac.new(secret, signed.encode(), hashlib.sha256).digest() if secret else b""
    return f"{signed}.{base64url.encode(tag)}"


# --- key binding


def kb_flipped(asked: Asked) -> str:
    issuer, disclosures, binding = parts(asked.show("digital_id"))
    return "~".join([issuer, *disclosures, flipped(binding)])


def kb_of_less(asked: Asked) -> str:
    issuer, disclosures, _ = parts(asked.show("digital_id"))
    _, _, other = parts(asked.show("digital_id", drop=[("name",)]))
    return "~".join([issuer, *disclosures, other])


def kb_without(asked: Asked) -> str:
    issuer, disclosures, _ = parts(asked.show("digital_id"))
    return "~".join([issuer, *disclosures, ""])


def kb_typ(asked: Asked) -> str:
    issuer, disclosures, binding = parts(asked.show("digital_id"))
    payload = jws.parse(binding, max_bytes=10_000).payload
    again = jws.sign(payload, {"typ": "JWT"}, asked.city.land.holders[0])
    return "~".join([issuer, *disclosures, again])


def kb_alg(alg: str) -> Callable[[Asked], str]:
    def make(asked: Asked) -> str:
        issuer, disclosures, binding = parts(asked.show("digital_id"))
        claims = json.loads(jws.parse(binding, max_bytes=10_000).payload)
        again = forged(claims, {"typ": "kb+jwt", "alg": alg}, secret(asked, alg))
        return "~".join([issuer, *disclosures, again])

    return make


def secret(asked: Asked, alg: str) -> bytes:
    """Return the holder's public key as a shared secret, for HS256."""
    public = asked.city.land.holders[0].public_key.to_jwk()
    return b"" if alg == "none" else json.dumps(public).encode()


# --- issuer


def issuer_flipped(asked: Asked) -> str:
    issuer, *rest = asked.city.credential("digital_id").split("~")
    return asked.show("digital_id", "~".join([flipped(issuer), *rest]))


def issuer_alg(alg: str) -> Callable[[Asked], str]:
    def make(asked: Asked) -> str:
        issuer, disclosures, _ = parts(asked.show("digital_id"))
        opened = jws.parse(issuer, max_bytes=100_000)
        again = forged(
            json.loads(opened.payload), {**opened.header, "alg": alg}, secret(asked, alg)
        )
        return asked.bind("~".join([again, *disclosures, ""]))

    return make


def signed_by(signer: Callable[[City], Signer], **changes: object) -> Case:
    def make(asked: Asked) -> str:
        city = asked.city
        text = city.credential("digital_id", signer=signer(city), **changes)
        return asked.show("digital_id", text)

    return shown(make)


def stranger(city: City) -> Signer:
    return city.land.stranger


def self_signed(city: City) -> SoftwareSigner:
    key = ec.generate_private_key(ec.SECP256R1())
    root = ca.root(key, "alone", now=NOW)
    return SoftwareSigner(key, "k", (root.der,))


def with_root(city: City) -> SoftwareSigner:
    keys = city.land.keys
    (root,) = city.roots
    key = keys.private_key(TENANT, "issuer")
    return SoftwareSigner(key, "k", (*keys.chain(TENANT, "issuer"), root))


def authority(city: City) -> ca.Authority:
    keys = city.land.keys
    key = keys.private_key(TENANT, "ca-intermediate")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    certificate = x509.load_der_x509_certificate(keys.chain(TENANT, "issuer")[1])
    return ca.Authority(key, certificate)


def expired_leaf(city: City) -> SoftwareSigner:
    return certified(authority(city), city.identifier("issuer"), now=NOW - (ca.LEAF_DAYS + 1) * DAY)


def verifier(city: City) -> Signer:
    return city.land.keys.signer(TENANT, "verifier")


def key_in_header(asked: Asked) -> str:
    by = asked.city.land.stranger
    header = {"x5c": None, "jwk": by.public_key.to_jwk(), "jku": "https://evil.example/keys"}
    return asked.show("digital_id", asked.city.credential("digital_id", signer=by, header=header))


# --- disclosures


def disclosure_added(asked: Asked) -> str:
    issuer, disclosures, _ = parts(asked.show("digital_id"))
    extra = base64url.encode(json.dumps(["salt", "height", 180]).encode())
    return asked.bind("~".join([issuer, *disclosures, extra, ""]))


def disclosure_twice(asked: Asked) -> str:
    issuer, disclosures, _ = parts(asked.show("digital_id"))
    return asked.bind("~".join([issuer, *disclosures, disclosures[0], ""]))


def resigned(change: Callable[[dict[str, object]], None]) -> Callable[[Asked], str]:
    """Return a presentation of a credential whose signed payload the issuer itself changed."""

    def make(asked: Asked) -> str:
        issuer, disclosures, _ = parts(asked.show("digital_id"))
        opened = jws.parse(issuer, max_bytes=100_000)
        payload = json.loads(opened.payload)
        change(payload)
        signer = asked.city.land.keys.signer(TENANT, "issuer")
        header = {name: value for name, value in opened.header.items() if name != "alg"}
        again = jws.sign(json.dumps(payload).encode(), header, signer)
        return asked.bind("~".join([again, *disclosures, ""]))

    return make


def digest_twice(payload: dict[str, object]) -> None:
    digests = payload["_sd"]
    assert isinstance(digests, list)
    payload["_sd"] = [*digests, digests[0]]


def reordered(asked: Asked) -> str:
    issuer, disclosures, binding = parts(asked.show("digital_id"))
    assert len(disclosures) > 1
    return "~".join([issuer, *reversed(disclosures), binding])


def one_removed(asked: Asked) -> str:
    issuer, disclosures, binding = parts(asked.show("digital_id"))
    return "~".join([issuer, *disclosures[1:], binding])


def concealed(asked: Asked) -> str:
    """Present a certificate that hides who attests it in a disclosure."""
    issuer, disclosures, _ = parts(asked.show("digital_id"))
    opened = jws.parse(issuer, max_bytes=100_000)
    payload = json.loads(opened.payload)
    hidden = json.dumps(["salt", "attested_by", payload.pop("attested_by")])
    disclosure = base64url.encode(hidden.encode())
    digest = base64url.encode(hashlib.sha256(disclosure.encode()).digest())
    payload["_sd"] = [*payload["_sd"], digest]
    signer = asked.city.land.keys.signer(TENANT, "issuer")
    header = {name: value for name, value in opened.header.items() if name != "alg"}
    again = jws.sign(json.dumps(payload).encode(), header, signer)
    return asked.bind("~".join([again, disclosure, *disclosures, ""]))


# --- the form of an answer


def token(value: object) -> Case:
    return lambda asked: asked.post_payload(
        json.dumps({"vp_token": value, "state": asked.request.state})
    )


def plain(asked: Asked) -> httpx.Response:
    text = json.dumps({"digital_id": [asked.show("digital_id")]})
    return asked.post(f"vp_token={text}&state={asked.request.state}")


def jwe_header(**members: str) -> Case:
    """Return a case with a good answer that is well encrypted under another header."""

    def post(asked: Asked) -> httpx.Response:
        good = {"digital_id": [asked.show("digital_id")]}
        payload = json.dumps({"vp_token": good, "state": asked.request.state}).encode()
        key = ECKey.import_key({name: asked.key[name] for name in ("kty", "crv", "x", "y")})
        header = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": asked.key["kid"], **members}
        algorithms = [header["alg"], header["enc"], "DEF"]
        return asked.post(f"response={encrypt_compact(header, payload, key, algorithms)}")

    return post


def other_session(asked: Asked) -> httpx.Response:
    other = asked.city.ask_identity()
    good = {"digital_id": [other.show("digital_id")]}
    return asked.post(answer_form(other.request, good))


def state_of_another(asked: Asked) -> httpx.Response:
    good = {"digital_id": [asked.show("digital_id")]}
    return asked.post_payload(json.dumps({"vp_token": good, "state": "another"}))


def nonce_of_another(asked: Asked) -> str:
    return asked.show("digital_id", nonce=asked.city.ask_identity().request.nonce)


def disclosures_of(number: int) -> Callable[[Asked], str]:
    def make(asked: Asked) -> str:
        issuer, disclosures, _ = parts(asked.show("digital_id"))
        extra = [base64url.encode(b'["s","n%d",1]' % each) for each in range(number)]
        return asked.bind("~".join([issuer, *disclosures, *extra, ""]))

    return make


def nested(asked: Asked) -> httpx.Response:
    return asked.post_payload('{"vp_token":' + "[" * 5_000 + "]" * 5_000 + "}")


CASES: dict[str, tuple[Case, str]] = {
    "V1 key binding signature altered": (shown(kb_flipped), "key_binding_signature"),
    "V1 signed by another key": (
        shown(lambda asked: asked.show("digital_id", holder=1)),
        "key_binding_signature",
    ),
    "V2 issuer signature altered": (shown(issuer_flipped), "issuer_signature"),
    "V3 wrong sd_hash": (shown(kb_of_less), "key_binding_sd_hash"),
    "V4 nonce of another session": (shown(nonce_of_another), "key_binding_nonce"),
    "V5 audience is another verifier": (
        shown(lambda asked: asked.show("digital_id", audience="x509_hash:somebody")),
        "key_binding_aud",
    ),
    "V6 key binding a year old": (
        shown(lambda asked: asked.show("digital_id", issued_at=NOW - YEAR)),
        "key_binding_iat",
    ),
    "V7 key binding a year ahead": (
        shown(lambda asked: asked.show("digital_id", issued_at=NOW + YEAR)),
        "key_binding_iat",
    ),
    "V10 no key binding": (shown(kb_without), "key_binding_missing"),
    "V11 key binding typ": (shown(kb_typ), "key_binding_typ"),
    "V12 key binding alg none": (shown(kb_alg("none")), "key_binding_alg"),
    "V12 key binding HS256": (shown(kb_alg("HS256")), "key_binding_alg"),
    "V12 issuer alg none": (shown(issuer_alg("none")), "issuer_alg"),
    "V12 issuer HS256": (shown(issuer_alg("HS256")), "issuer_alg"),
    "V13 issuer typ JWT": (issued(header={"typ": "JWT"}), "issuer_typ"),
    "V13 issuer typ of old drafts": (issued(header={"typ": "vc+sd-jwt"}), "issuer_typ"),
    "V16 answer to another session": (other_session, "response_encryption"),
    "V16 state of another session": (state_of_another, "state"),
    "V17 disclosure that nothing refers to": (shown(disclosure_added), "unreferenced_disclosure"),
    "V18 disclosure twice": (shown(disclosure_twice), "disclosure_twice"),
    "V18 digest twice": (shown(resigned(digest_twice)), "digest_twice"),
    "V19 _sd_alg unknown": (
        shown(resigned(lambda payload: payload.update(_sd_alg="sha-999"))),
        "unknown_sd_alg",
    ),
    "V19 _sd_alg weak": (
        shown(resigned(lambda payload: payload.update(_sd_alg="md5"))),
        "unknown_sd_alg",
    ),
    "V20 disclosures reordered": (shown(reordered), "key_binding_sd_hash"),
    "V20 disclosure removed": (shown(one_removed), "key_binding_sd_hash"),
    "V21 expired": (issued(exp=NOW - 3600), "expired"),
    "V21 not valid yet": (issued(nbf=NOW + 3600), "not_yet_valid"),
    "a claim that every certificate of the type has": (issued(attested_by=None), "claim_mandatory"),
    "a claim in clear that should be withheld at will": (
        shown(resigned(lambda payload: payload.update(region_code="11"))),
        "claim_sd_always",
    ),
    "a claim in a disclosure that should stand in clear": (shown(concealed), "claim_sd_never"),
    "broken, and issued under another document": (
        issued(attested_by=None, **{"vct#integrity": "sha256-AA=="}),
        "type_metadata_integrity",
    ),
    "a hash that is no text": (issued(**{"vct#integrity": ["sha256-AA=="]}), "malformed_integrity"),
    "V24 unknown root": (signed_by(stranger), "unknown_anchor"),
    "V24 self-signed leaf": (signed_by(self_signed), "leaf_self_signed"),
    "V24 root in the chain": (signed_by(with_root), "anchor_in_chain"),
    "V25 expired certificate": (signed_by(expired_leaf), "certificate_expired"),
    "V25 leaf of another service": (signed_by(verifier), "issuer_name"),
    "V25 issuer not accredited": (
        signed_by(verifier, iss="https://id.hanbit.example/hanbit/verifier"),
        "issuer_not_accredited",
    ),
    "V26 key in the header": (shown(key_in_header), "chain_empty"),
    "V27 another type": (
        shown(lambda asked: asked.show("digital_id", asked.city.credential("lease"))),
        "wrong_type",
    ),
    "V28 claim missing": (
        shown(lambda asked: asked.show("digital_id", drop=[("name",)])),
        "claim_missing",
    ),
    "V29 id that was not asked for": (
        lambda asked: asked.answer(
            {"digital_id": [asked.show("digital_id")], "lease": [asked.show("lease")]}
        ),
        "unexpected_presentation",
    ),
    "V30 token is text": (token("eyJ"), "vp_token_form"),
    "V30 token is an array": (token(["eyJ"]), "vp_token_form"),
    "V30 value is no array": (token({"digital_id": "eyJ"}), "vp_token_form"),
    "V31 required credential absent": (token({}), "credential_set_unmet"),
    "V32 plain answer": (plain, "response_plain"),
    "V33 unknown kid": (jwe_header(kid="another"), "response_encryption"),
    "V33 alg of another key": (jwe_header(alg="ECDH-ES+A128KW"), "response_encryption"),
    "V33 enc not offered": (jwe_header(enc="A128CBC-HS256"), "response_encryption"),
    "V33 compressed": (jwe_header(zip="DEF"), "response_encryption"),
    "V38 10,000 disclosures": (shown(disclosures_of(10_000)), "too_many_disclosures"),
    "V38 30,000 disclosures": (shown(disclosures_of(30_000)), "response_form"),
    "V38 deep nesting": (nested, "response_payload"),
    "V38 member twice": (
        lambda asked: asked.post_payload('{"vp_token":{},"vp_token":{}}'),
        "response_payload",
    ),
    "V38 __proto__": (
        lambda asked: asked.post_payload('{"__proto__":{"vp_token":{}}}'),
        "vp_token_form",
    ),
    "form that cannot be read": (lambda asked: asked.post(b"\xff=\xfe"), "response_form"),
    "two presentations where one was asked": (
        lambda asked: asked.answer(
            {"digital_id": [asked.show("digital_id"), asked.show("digital_id")]}
        ),
        "too_many_presentations",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused_noted_once_and_not_used_up(city: City, name: str) -> None:
    case, code = CASES[name]
    asked = city.ask_identity()
    refused = case(asked)
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_request"})
    told = city.state(asked)
    assert code in told["failures"]
    assert (told["state"], told["result"]) == ("open", None)
    assert city.journal() == [f"presentation.{told['failures'][0]}"]
    accepted = asked.answer({"digital_id": [asked.show("digital_id")]})
    assert accepted.status_code == 200
    assert city.state(asked)["state"] == "answered"

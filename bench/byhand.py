"""The flows by hand: what no service can leave out, without anything that keeps one safe.

Served by uvicorn without a framework: `uvicorn bench.byhand:app`. The requests of `bench.bound`
are read, decrypted and looked up, keys and certificates are made, and the same rows are committed
as in `bench.bare`. Of signatures a flow makes one and verifies one: the holder's proof and the
certificate made for it; the request and the certificate that is presented. Nothing else is checked,
nothing is refused or configured, and what does not depend on the request is ready beforehand.
"""

import base64
import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from bench.bare import DATABASE, commit, recorded
from madang.infra.clock import SystemClock

Headers = Mapping[bytes, bytes]
Object = dict[str, Any]

_CURVE: Final = ec.SECP256R1()
_ECDSA: Final = ec.ECDSA(SHA256())
_KEY: Final = ec.generate_private_key(_CURVE)
_SECRET: Final = secrets.token_bytes(32)
_BOX: Final = AESGCM(secrets.token_bytes(32))
_CHAIN_BYTES: Final = 700
_CLAIMS: Final = {f"claim_{number}": f"value of claim {number}" for number in range(12)}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _public(jwk: Object) -> ec.EllipticCurvePublicKey:
    point = b"\x04" + _bytes(jwk["x"]) + _bytes(jwk["y"])
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)


@lru_cache(maxsize=16)
def _certified(leaf: str) -> ec.EllipticCurvePublicKey:
    key = x509.load_der_x509_certificate(base64.b64decode(leaf)).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("a certificate of an EC key was expected")
    return key


def _parts(compact: str) -> list[Object]:
    """Return header and claims of a JWT."""
    return [json.loads(_bytes(each)) for each in compact.split(".")[:2]]


def _verify(compact: str, key: ec.EllipticCurvePublicKey) -> None:
    signed, _, signature = compact.rpartition(".")
    raw = _bytes(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(der, signed.encode(), _ECDSA)


_HEAD: Final = _text(_json({"alg": "ES256", "x5c": ["A" * _CHAIN_BYTES]}).encode())


def _signed(claims: Object) -> str:
    body = f"{_HEAD}.{_text(_json(claims).encode())}"
    r, s = decode_dss_signature(_KEY.sign(body.encode(), _ECDSA))
    return f"{body}.{_text(r.to_bytes(32) + s.to_bytes(32))}"


def _same(one: str, other: str) -> None:
    if one != other:
        raise ValueError("the recorded request does not hold together")


def _row(query: str, value: object) -> Any:
    return DATABASE.execute(query, (value,)).fetchone()


def _any(query: str) -> object:
    """Return a key to look up; None in the other service's database."""
    try:
        return DATABASE.execute(query).fetchone()[0]
    except sqlite3.OperationalError:
        return None


# --- the issuer


_TOKEN: Final = _any("SELECT hash FROM access_token")


def _token(body: bytes, _: Headers) -> str:
    form = parse_qs(body.decode())
    code = hashlib.sha256(form["pre-authorized_code"][0].encode()).digest()
    _row("SELECT * FROM offer WHERE code_hash = ?", code)
    token = secrets.token_urlsafe(32)
    hashlib.sha256(token.encode()).digest()
    commit()
    return _json({"access_token": token, "token_type": "Bearer", "expires_in": 300})


def _nonce(_body: bytes, _: Headers) -> str:
    chance = SystemClock().now().to_bytes(8) + secrets.token_bytes(8)
    return _json({"c_nonce": _text(chance + hmac.digest(_SECRET, chance, "sha256"))})


def _credential(body: bytes, headers: Headers) -> str:
    hashlib.sha256(headers[b"authorization"]).digest()
    token = _row("SELECT * FROM access_token WHERE hash = ?", _TOKEN)
    _row("SELECT * FROM offer WHERE id = ?", token[2])
    proof = json.loads(body)["proofs"]["jwt"][0]
    header, claims = _parts(proof)
    _verify(proof, _public(header["jwk"]))
    nonce = _bytes(claims["nonce"])
    hmac.digest(_SECRET, nonce[:16], "sha256")  # the recorded one is another secret's
    answer = _json({"credentials": [{"credential": _sd_jwt(header["jwk"])}]})
    _BOX.encrypt(secrets.token_bytes(12), answer.encode(), None)
    commit()
    return answer


def _sd_jwt(holder: Object) -> str:
    chance, now = secrets.token_bytes(16 * len(_CLAIMS)), SystemClock().now()
    salts = [_text(chance[16 * each : 16 * each + 16]) for each in range(len(_CLAIMS))]
    pairs = zip(salts, _CLAIMS.items(), strict=True)
    disclosures = [_text(_json([salt, name, value]).encode()) for salt, (name, value) in pairs]
    digests = sorted(_text(hashlib.sha256(each.encode()).digest()) for each in disclosures)
    claims = {"vct": "https://city.example/digital_id", "iat": now, "exp": now + 31_536_000}
    status = {"status_list": {"idx": now, "uri": "https://city.example/statuslists/1"}}
    bound = {"cnf": {"jwk": holder}, "status": status, "_sd": digests, "_sd_alg": "sha-256"}
    return "~".join([_signed({**claims, **bound}), *disclosures, ""])


# --- the verifier


_SESSION: Final = _any("SELECT id FROM presentation_session")
_OPENED: Final = "SELECT * FROM presentation_session WHERE id = ?"


def _session(body: bytes, headers: Headers) -> str:
    token = headers[b"authorization"].decode().partition(" ")[2]
    _same(_parts(token)[1]["body_sha256"], _text(hashlib.sha256(body).digest()))
    purpose, id_ = json.loads(body)["purpose"], secrets.token_urlsafe(16)
    key = ec.generate_private_key(_CURVE)
    numbers, public = key.private_numbers(), key.public_key().public_numbers()
    coordinates = {"x": public.x, "y": public.y, "d": numbers.private_value}
    jwk = {name: _text(value.to_bytes(32)) for name, value in coordinates.items()}
    _json({"purpose": purpose, "nonce": secrets.token_urlsafe(16), "key": jwk})
    commit()
    link = urlencode({"client_id": "x509_hash:city", "request_uri": f"https://city.example/{id_}"})
    return _json({"presentation_id": id_, "request_uri": f"haip-vp://?{link}"})


def _request(_body: bytes, _: Headers) -> str:
    terms = json.loads(_row(_OPENED, _SESSION)[3])
    formats = {"dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]}}
    key = {"kty": "EC", "crv": "P-256", "x": terms["nonce"], "y": terms["nonce"]}
    asked = {
        "response_type": "vp_token",
        "response_mode": "direct_post.jwt",
        "response_uri": "https://city.example/response",
        "client_id": terms["client_id"],
        "nonce": terms["nonce"],
        "state": terms["state"],
        "dcql_query": json.loads(terms["query"]),
        "client_metadata": {"jwks": {"keys": [key]}, "vp_formats_supported": formats},
    }
    return _signed(asked)


def _answer(body: bytes, _: Headers) -> str:
    box = parse_qs(body.decode())["response"][0]
    _row(_OPENED, _SESSION)
    said = json.loads(_decrypted(box))["vp_token"]
    bound, _, proof = next(iter(said.values()))[0].rpartition("~")
    credential, *disclosures = bound.split("~")
    header, claims = _parts(credential)
    _verify(credential, _certified(header["x5c"][0]))
    digests = set(claims["_sd"])
    for each in disclosures:
        if _text(hashlib.sha256(each.encode()).digest()) in digests:
            _, name, value = json.loads(_bytes(each))
            claims[name] = value
    whole = hashlib.sha256(f"{bound}~".encode()).digest()
    _same(_text(whole), _parts(proof)[1]["sd_hash"])
    _json(claims)
    commit()
    return "{}"


def _decrypted(box: str) -> bytes:
    protected, _, iv, text, tag = box.split(".")
    header = json.loads(_bytes(protected))
    secret = _private(header["kid"]).exchange(ec.ECDH(), _public(header["epk"]))
    name = header["enc"].encode()
    info = len(name).to_bytes(4) + name + bytes(8) + (128).to_bytes(4)
    key = ConcatKDFHash(SHA256(), 16, info).derive(secret)
    return AESGCM(key).decrypt(_bytes(iv), _bytes(text) + _bytes(tag), protected.encode())


@lru_cache(maxsize=1)
def _key_of(kid: str) -> Object:
    """Return the key to which the recorded answer is encrypted."""
    for value in recorded("presentation_session"):
        if isinstance(value, str) and kid in value and '"d":' in value:
            found: Object = json.loads(value)
            return found
    raise LookupError(kid)


def _private(kid: str) -> ec.EllipticCurvePrivateKey:
    jwk = _key_of(kid)
    x, y, d = (int.from_bytes(_bytes(jwk[name])) for name in ("x", "y", "d"))
    public = ec.EllipticCurvePublicNumbers(x, y, _CURVE)
    return ec.EllipticCurvePrivateNumbers(d, public).private_key()


WORK: Final[dict[str, Callable[[bytes, Headers], str]]] = {
    "token": _token,
    "nonce": _nonce,
    "credential": _credential,
    "session": _session,
    "request": _request,
    "answer": _answer,
}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Do the work that the path names with what came."""
    if scope["type"] != "http":
        return
    body = (await receive())["body"]
    work = WORK.get(scope["path"].split("/")[1])
    said = b"" if work is None else work(body, dict(scope["headers"])).encode()
    headers = [(b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})

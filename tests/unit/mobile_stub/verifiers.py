"""Verifiers of every kind on the wallet's network, and what they make of its answers."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from madang.core.encoding import base64url
from madang.core.envelope import jwe, jws
from madang.core.envelope.cose import Mac0, Sign1
from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.model import parse_response
from madang.core.formats.mdoc.transcript import openid4vp, openid4vp_dc_api
from madang.core.formats.mdoc.verify import Expectation, TrustedKey, verify_response
from madang.core.formats.sd_jwt import key_binding
from madang.core.formats.sd_jwt.key_binding import BindingExpectation, holder_key
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.verify import process
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol.oid4vp.request_encryption import RequestEncryption
from madang.core.protocol.oid4vp.request_link import WalletPost, parse_wallet_post
from madang.core.protocol.oid4vp.verifier_attestation import VerifierAttestation, make_attestation
from madang.core.trust.did import key as did_key
from madang.core.trust.x509 import leaf_hash
from madang.infra import ca
from mobile_stub.app import build
from tests.unit.mobile_stub.world import (
    CERTIFIED,
    DAY,
    DOC_TYPE,
    ISSUER_KEY,
    NAME_SPACE,
    NOW,
    Net,
    World,
    authority,
    query,
    run,
)

HOST: Final = "https://shop.example"
RESPONSE_URI: Final = f"{HOST}/response/1"
REQUEST_URI: Final = f"{HOST}/request/1"
REDIRECT: Final = f"{HOST}/back#code=abcdef"
ORIGIN: Final = HOST
FOREIGN_ROOT, FOREIGN = authority("somewhere else")
BARE_KEY, CERTIFIED_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
ATTESTER, SHOP_KEY = generate_p256("attester"), SoftwareSigner(BARE_KEY, "shop")
ISS: Final = "https://register.example"
NONE: Final = base64url.encode(b'{"alg":"none"}')


def certified_shop(name: str, key: ec.EllipticCurvePrivateKey) -> SoftwareSigner:
    uri, dns = f"{HOST}/{name}", "shop.example"
    leaf = ca.leaf(FOREIGN, key.public_key(), "leaf", uri=uri, dns=dns, now=CERTIFIED)
    return SoftwareSigner(key, "k1", (leaf, FOREIGN.der))


SHOP = certified_shop("verifier", CERTIFIED_KEY)
OTHER_SHOP = certified_shop("other", ec.generate_private_key(ec.SECP256R1()))
DID: Final = did_key.identifier(SHOP_KEY.public_key)
DID_KID: Final = f"{DID}#{DID.removeprefix('did:key:')}"


def mdoc_query(*elements: str, **changes: Any) -> dict[str, Any]:
    """Return a query for elements of the Digital ID as an mdoc."""
    asked = {
        "id": "mdoc",
        "format": "mso_mdoc",
        "meta": {"doctype_value": DOC_TYPE},
        "claims": [{"path": [NAME_SPACE, name]} for name in elements or ("birth_year",)],
        **changes,
    }
    return {"credentials": [{k: v for k, v in asked.items() if v is not None}]}


@dataclass
class Shop:
    """A verifier that no registry knows, with every choice that the protocol leaves.

    Attributes:
        prefix: of its client identifier: one of the specification's, or "" for none.
        mode: the response mode.
        method: "reference", "post", "value" or "plain".
        claims: members of the request instead of the good ones; None takes one away.
        header: the same for its header.
        bend: what happens to the request object.
        seal: what happens to it then, if the wallet wants it encrypted.
        reply: what it says to an answer.
    """

    net: Net
    prefix: str = "x509_hash"
    mode: str = "direct_post.jwt"
    device_algorithms: Sequence[object] = (-7,)
    method: str = "reference"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    bend: Callable[[str], str] = str
    reply: dict[str, Any] = field(default_factory=dict)
    nonce_echo: bool = True
    seal: Callable[[str, RequestEncryption | None], str] = lambda compact, _wanted: compact

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.fetches: list[httpx.Request] = []
        self.net.routes["GET", REQUEST_URI] = self._serve
        self.net.routes["POST", REQUEST_URI] = self._serve
        self.net.routes["POST", RESPONSE_URI] = lambda _: (200, self.reply)

    @property
    def signer(self) -> Signer:
        return SHOP if self.prefix.startswith("x509") else SHOP_KEY

    @property
    def client_id(self) -> str:
        values = {
            "x509_hash": f"x509_hash:{leaf_hash(SHOP.certificate_chain[0])}",
            "x509_san_dns": "x509_san_dns:shop.example",
            "redirect_uri": f"redirect_uri:{RESPONSE_URI}",
            "verifier_attestation": "verifier_attestation:shop",
            "decentralized_identifier": f"decentralized_identifier:{DID}",
            "": "shop",
        }
        return values[self.prefix]

    @property
    def jwk(self) -> dict[str, Any]:
        public = PublicKey.from_native(self.key.public_key()).to_jwk()
        return {**public, "kid": "enc", "alg": "ECDH-ES"}

    @property
    def api(self) -> bool:
        return self.mode.startswith("dc_api")

    @property
    def signs(self) -> bool:
        """Tell whether devices are to sign, and not to make a MAC."""
        return -7 in self.device_algorithms or -9 in self.device_algorithms

    @property
    def members(self) -> dict[str, Any]:
        """Return the request's parameters."""
        formats = {
            "dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]},
            "mso_mdoc": {
                "issuerauth_alg_values": [-7],
                "deviceauth_alg_values": list(self.device_algorithms),
            },
        }
        metadata: dict[str, Any] = {"vp_formats_supported": formats}
        if self.mode.endswith(".jwt"):
            metadata["jwks"] = {"keys": [self.jwk]}
            metadata["encrypted_response_enc_values_supported"] = ["A256GCM"]
        place = {"expected_origins": [ORIGIN]} if self.api else {"response_uri": RESPONSE_URI}
        members = {
            "client_id": self.client_id,
            "response_type": "vp_token",
            "response_mode": self.mode,
            **place,
            "nonce": "n-0S6_WzA2Mj-n-0S6_WzA2Mj",
            "state": None if self.api else "state-1",
            "dcql_query": query("digital_id", digital_id=[["birth_year"]]),
            "client_metadata": metadata,
            **self.claims,
        }
        return {name: value for name, value in members.items() if value is not None}

    def object(self, wallet_nonce: str | None = None) -> str:
        """Return the request object."""
        members = self.members
        if wallet_nonce is not None and self.nonce_echo:
            members["wallet_nonce"] = wallet_nonce
        if self.prefix == "redirect_uri":
            payload = base64url.encode(json.dumps(members).encode())
            return self.bend(f"{NONE}.{payload}.")
        members = {"aud": "https://self-issued.me/v2", **members}
        header = {"typ": "oauth-authz-req+jwt", **self._key_header(), **self.header}
        kept = {name: value for name, value in header.items() if value is not None}
        return self.bend(jws.sign(json.dumps(members).encode(), kept, self.signer))

    def _key_header(self) -> dict[str, Any]:
        if self.prefix.startswith("x509"):
            return {"x5c": jws.encode_chain(SHOP.certificate_chain)}
        if self.prefix == "verifier_attestation":
            attested = VerifierAttestation(ISS, "shop", SHOP_KEY.public_key, NOW + DAY)
            compact = make_attestation(attested, ATTESTER, issued_at=NOW)
            return {"jwt": compact}
        return {"kid": DID_KID if self.prefix else "shop"}

    def _serve(self, request: httpx.Request) -> tuple[int, Any]:
        self.fetches.append(request)
        post = WalletPost()
        if request.method == "POST":
            post = parse_wallet_post(request.content)
        return 200, self.seal(self.object(post.nonce), post.encryption).encode()

    def parameters(self, **changes: Any) -> str:
        """Return the query of the link."""
        found: dict[str, Any] = {"client_id": self.client_id}
        if self.method == "plain":
            found = self.members
        elif self.method == "value":
            found["request"] = self.object()
        else:
            found["request_uri"] = REQUEST_URI
            if self.method == "post":
                found["request_uri_method"] = "post"
        written = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in {**found, **changes}.items()
        }
        return urlencode(written)

    def page(self) -> dict[str, Any]:
        """Return what its page gives the Digital Credentials API."""
        if self.prefix == "redirect_uri":
            members = {k: v for k, v in self.members.items() if k != "client_id"}
            entry = {"protocol": "openid4vp-v1-unsigned", "data": members}
        else:
            entry = {"protocol": "openid4vp-v1-signed", "data": {"request": self.object()}}
        return {"digital": {"requests": [entry]}}

    def opened(self, answer: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the content of an answer, decrypted where it is encrypted."""
        found = answer or self.net.posted(RESPONSE_URI)[-1]
        if "response" not in found:
            token = found["vp_token"]
            return {**found, "vp_token": json.loads(token) if isinstance(token, str) else token}
        number = self.key.private_numbers().private_value.to_bytes(32)
        private = {**self.jwk, "d": base64url.encode(number)}
        plain = jwe.decrypt(
            found["response"],
            {"enc": private},
            allowed_enc=("A256GCM", "A128GCM"),
            max_bytes=90_000,
        )
        content: dict[str, Any] = json.loads(plain)
        return content

    @property
    def audience(self) -> str:
        return f"origin:{ORIGIN}" if self.api else self.client_id

    def claims_of(self, presented: str) -> dict[str, Any]:
        """Return what an SD-JWT presentation says after its key binding was checked."""
        parsed = parse(presented)
        expected = BindingExpectation(self.audience, self.members["nonce"])
        failures = key_binding.failures(
            parsed, expected, key=holder_key(parsed.payload), now=NOW + 30
        )
        assert [failure.code for failure in failures] == []
        return process(parsed)

    def elements_of(self, presented: str) -> dict[str, Any]:
        """Return what an mdoc presentation says after all of its signatures were checked."""
        public = PublicKey.from_native(self.key.public_key())
        encrypted = self.mode.endswith(".jwt")
        digest = base64url.decode(public.thumbprint()) if encrypted else None
        nonce = self.members["nonce"]
        if self.api:
            transcript = openid4vp_dc_api(origin=ORIGIN, nonce=nonce, jwk_thumbprint=digest)
        else:
            transcript = openid4vp(
                client_id=self.client_id,
                nonce=nonce,
                jwk_thumbprint=digest,
                response_uri=RESPONSE_URI,
            )
        verdict = verify_response(
            base64url.decode(presented),
            Expectation(transcript, {DOC_TYPE}, SoftwareAgreement(self.key)),
            trust=lambda _type, _chain: TrustedKey(ISSUER_KEY.public_key),
            now=NOW,
        )
        assert verdict.ok, verdict
        (shown,) = parse_response(base64url.decode(presented)).documents
        assert isinstance(shown.device_signed.device_auth, Sign1 if self.signs else Mac0)
        (document,) = verdict.documents
        return {"issuer": document.elements, "device": document.device_elements}


def trusting(world: World, folder: Path, **settings: Any) -> None:
    """Open the wallet with everything set that foreign verifiers need, and more settings."""
    roots, clients = folder / "roots.pem", folder / "clients.json"
    roots.write_bytes(x509.load_der_x509_certificate(FOREIGN_ROOT).public_bytes(Encoding.PEM))
    jwk = {**SHOP_KEY.public_key.to_jwk(), "kid": "shop"}
    attester = {"iss": ISS, "jwk": ATTESTER.public_key.to_jwk()}
    listed = {
        "client_id": "shop",
        "client_name": "The shop",
        "jwks": {"keys": [jwk]},
        "redirect_uris": [RESPONSE_URI],
    }
    clients.write_text(json.dumps({"clients": [listed], "attesters": [attester]}), "utf-8")
    told = {
        "request_anchors": roots,
        "clients": clients,
        "unsigned_requests": True,
        "named_verifiers": True,
        **settings,
    }
    world.vault.close()
    world.open(**told)
    world.known()


def call(world: World, method: str, path: str, **options: Any) -> httpx.Response:
    """Call the wallet's own surface."""

    async def done() -> httpx.Response:
        transport = httpx.ASGITransport(app=build(world.wallet))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **options)

    return run(done())


def ask(world: World, shop: Shop, **changes: Any) -> httpx.Response:
    """Put a request before the wallet in the way of its mode: its endpoint, or the platform."""
    if shop.api:
        return call(world, "POST", "/dc-api", json={"origin": ORIGIN, "request": shop.page()})
    return call(world, "GET", f"/authorize?{shop.parameters(**changes)}")

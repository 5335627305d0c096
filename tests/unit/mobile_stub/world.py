"""One wallet, with small twins of an issuer and of a verifier on the other side of its network."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from secrets import token_bytes
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import base64url
from madang.core.envelope import jwe, jws
from madang.core.formats.mdoc.issue import SALT_BYTES, Copy, draft, salts_from
from madang.core.formats.mdoc.issue import issue as issue_mdoc
from madang.core.formats.mdoc.mso import KeyAuthorizations, ValidityInfo
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner
from madang.core.protocol.oid4vci.proof import check_proof_jwt
from madang.core.protocol.oid4vp.client_id import x509_hash_client_id
from madang.core.protocol.oid4vp.request_link import RequestLink
from madang.core.protocol.oid4vp.verifier_info import Registration
from madang.core.trust import accreditation
from madang.core.trust.accreditation import RegisteredPurpose, texts_hash
from madang.infra import ca
from mobile_stub.adapters import system
from mobile_stub.adapters.network import Network
from mobile_stub.adapters.vault import Vault
from mobile_stub.model import HeldCopy
from mobile_stub.settings import Settings
from mobile_stub.wallet import Wallet, open_wallet
from tests.accreditations import FAR, RegistryTwin, place_record

T = TypeVar("T")
NOW = system.now()
DAY = 86_400
CERTIFIED = NOW - 3 * DAY
HOST = "https://id.hanbit.example"
ISSUER, VERIFIER = f"{HOST}/hanbit/issuer", f"{HOST}/hanbit/verifier"
LOG = f"{HOST}/hanbit/log"
SNAPSHOT = f"{LOG}/accreditations"
DOC_TYPE, NAME_SPACE = "example.hanbit.digital_id.1", "example.hanbit.digital_id.1"
VCT = {name: f"{ISSUER}/vct/{name}/1" for name in ("digital_id", "lease")}
CLAIMS: dict[str, dict[str, Any]] = {
    "digital_id": {"name": "Kim Mina", "birth_year": 1996},
    "lease": {"rent_krw": 480_000, "period": {"from": "2026-01-01", "to": "2027-12-31"}},
}
SECRETS = ("Kim Mina", "1996", "480000", "2027-12-31")
"""What must never leave the wallet unasked."""
PASSPHRASE = "a long passphrase"
BOUND: dict[str, Any] = {
    "cryptographic_binding_methods_supported": ["jwk"],
    "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}},
}
"""What an issuer says of a certificate that is bound to a holder key."""
Route = Callable[[httpx.Request], tuple[int, Any] | tuple[int, Any, dict[str, str]]]


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the wallet and its twins read `NOW`, however long ago this module was imported."""
    monkeypatch.setattr(system, "now", lambda: NOW)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class Net(httpx.AsyncBaseTransport):
    """The network: routes by method and address, and everything that was sent."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], Route] = {}
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.sent.append(request)
        await asyncio.sleep(0)  # on the way others get their turn, as on a real one
        route = self.routes.get((request.method, str(request.url)))
        if route is None:
            raise httpx.ConnectError(f"nobody at {request.url}")
        status, body, *headers = route(request)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        stream = httpx.ByteStream(content)  # not read yet, as what the network brings
        return httpx.Response(status, stream=stream, headers=headers[0] if headers else None)

    def posted(self, url: str) -> list[dict[str, str]]:
        """Return the forms that were posted to an address."""
        posts = [each for each in self.sent if each.method == "POST" and str(each.url) == url]
        return [{k: v[0] for k, v in parse_qs(each.content.decode()).items()} for each in posts]


def authority(name: str) -> tuple[bytes, ca.Authority]:
    """Return a root's DER and an intermediate below it."""
    top = ca.root(ec.generate_private_key(ec.SECP256R1()), name, now=CERTIFIED)
    below = ca.intermediate(top, ec.generate_private_key(ec.SECP256R1()), "services", now=CERTIFIED)
    return top.der, below


def certified(below: ca.Authority, uri: str) -> SoftwareSigner:
    key = ec.generate_private_key(ec.SECP256R1())
    dns = "id.hanbit.example"
    leaf = ca.leaf(below, key.public_key(), "leaf", uri=uri, dns=dns, now=CERTIFIED)
    return SoftwareSigner(key, "k1", (leaf, below.der))


ROOT, BELOW = authority("hanbit")
ISSUER_KEY, VERIFIER_KEY = certified(BELOW, ISSUER), certified(BELOW, VERIFIER)
STRANGER = certified(authority("nobody")[1], VERIFIER)
LOG_KEY = certified(BELOW, LOG)
OTHER_TYPE = f"{ISSUER}/vct/other/1"
PURPOSES = {
    "counter": {"en": "To identify you at the counter."},
    "sale": {"en": "To sell you something."},
}


def told(purpose: str = "counter", /, **changes: Any) -> list[dict[str, Any]]:
    """Return the `verifier_info` of a request for a purpose."""
    use = Registration(VERIFIER, purpose, PURPOSES[purpose]).attestation().to_json()
    data: Any = use["data"]
    return [{**use, "data": {**data, **changes}}]


def found_registry() -> RegistryTwin:
    """Return a registry of one issuer, and of one verifier with two purposes."""
    twin = RegistryTwin(NOW - DAY)
    twin.anchors.append(ROOT)
    anchors = (sha256(ROOT).digest(),)
    types = (*VCT.values(), OTHER_TYPE, DOC_TYPE)
    twin.add(accreditation.Issuer(ISSUER, "hanbit", 0, FAR, types=types, anchors=anchors))
    asks = {
        **{VCT[name]: tuple((claim,) for claim in CLAIMS[name]) for name in VCT},
        OTHER_TYPE: (("birth_year",),),
    }
    purposes = tuple(
        RegisteredPurpose(name, texts_hash(texts), asks) for name, texts in PURPOSES.items()
    )
    verifier = accreditation.Verifier(
        VERIFIER, "hanbit", 0, FAR, anchors=anchors, purposes=purposes
    )
    twin.add(verifier)
    twin.seal()
    return twin


def credential(name: str, holder: PublicKey, *, by: Signer = ISSUER_KEY, **changes: Any) -> str:
    """Issue a certificate; a change to None takes a member away."""
    members = {
        "iss": ISSUER,
        "vct": VCT[name],
        "iat": NOW - 1000,
        "exp": NOW + DAY,
        "cnf": {"jwk": holder.to_jwk()},
        **CLAIMS[name],
        **changes,
    }
    payload = {key: value for key, value in members.items() if value is not None}
    frame = SdFrame.of([(claim,) for claim in CLAIMS[name]])
    header = {"typ": "dc+sd-jwt", "x5c": jws.encode_chain(by.certificate_chain)}
    salts = (f"salt-{number}" for number in count())
    return issue(payload, frame, signer=by, header=header, salts=salts).compact


def mdoc(
    holder: PublicKey,
    *,
    by: Signer = ISSUER_KEY,
    authorizations: KeyAuthorizations | None = None,
    **changes: Any,
) -> str:
    """Issue the Digital ID as an mdoc; changes are other elements."""
    elements = {**CLAIMS["digital_id"], **changes}
    blank = draft(DOC_TYPE, {NAME_SPACE: elements}, authorizations=authorizations)
    copy = Copy(
        device_key=holder,
        validity=ValidityInfo(NOW - 1000, NOW - 1000, NOW + DAY),
        salts=salts_from(token_bytes(SALT_BYTES * len(elements))),
        order=range(len(elements)),
    )
    return base64url.encode(issue_mdoc(blank, copy, by).encoded)


def query(*asked: str, **paths: list[list[str]]) -> dict[str, Any]:
    """Return a DCQL query for certificates with all their claims, or the paths given."""
    return {
        "credentials": [
            {
                "id": name,
                "format": "dc+sd-jwt",
                "meta": {"vct_values": [VCT[name]]},
                "claims": [{"path": path} for path in paths.get(name, [[c] for c in CLAIMS[name]])],
            }
            for name in asked
        ]
    }


@dataclass
class Verifier:
    """A verifier whose request can be bent in every part.

    Attributes:
        claims: members of the request object instead of the good ones; None takes one away.
        header: the same for its header.
        bend: what happens to the signed text.
    """

    net: Net
    signer: SoftwareSigner = VERIFIER_KEY
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    bend: Callable[[str], str] = str
    answers: int = 200

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.net.routes["GET", f"{VERIFIER}/request/1"] = lambda _: (200, self.request().encode())
        self.net.routes["POST", self.response_uri] = lambda _: (self.answers, {})

    @property
    def response_uri(self) -> str:
        return f"{VERIFIER}/response/1"

    @property
    def client_id(self) -> str:
        return str(x509_hash_client_id(self.signer.certificate_chain[0]))

    @property
    def jwk(self) -> dict[str, Any]:
        public = PublicKey.from_native(self.key.public_key())
        return {**public.to_jwk(), "kid": "enc", "use": "enc", "alg": "ECDH-ES"}

    def request(self) -> str:
        members = {
            "client_id": self.client_id,
            "response_type": "vp_token",
            "response_mode": "direct_post.jwt",
            "response_uri": self.response_uri,
            "nonce": "nonce-1",
            "state": "state-1",
            "aud": "https://self-issued.me/v2",
            "iat": NOW,
            "exp": NOW + DAY,
            "dcql_query": query("digital_id"),
            "client_metadata": {"jwks": {"keys": [self.jwk]}},
            "verifier_info": told(),
            **self.claims,
        }
        header = {
            "typ": "oauth-authz-req+jwt",
            "x5c": jws.encode_chain(self.signer.certificate_chain),
            **self.header,
        }
        payload = json.dumps({k: v for k, v in members.items() if v is not None}).encode()
        return self.bend(jws.sign(payload, header, self.signer))

    def link(self, client_id: str | None = None) -> str:
        return RequestLink(client_id or self.client_id, f"{VERIFIER}/request/1").to_uri()

    @property
    def posted(self) -> list[dict[str, str]]:
        return self.net.posted(self.response_uri)

    def opened(self, number: int = 0) -> dict[str, Any]:
        """Decrypt an answer."""
        numbers = self.key.private_numbers()
        private = {**self.jwk, "d": base64url.encode(numbers.private_value.to_bytes(32))}
        plain = jwe.decrypt(
            self.posted[number]["response"],
            {"enc": private},
            allowed_enc=("A128GCM", "A256GCM"),
            max_bytes=100_000,
        )
        found: dict[str, Any] = json.loads(plain)
        return found


@dataclass
class Issuer:
    """An issuer with a pre-authorized code "code-1" and the transaction code "1234".

    Attributes:
        issued: what it makes of a type and a proved key.
        lose: how many credential answers are lost on their way.
    """

    net: Net
    batch: int = 3
    issued: Callable[[str, PublicKey], str] = credential
    lose: int = 0
    receipts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        well_known = f"{HOST}/.well-known/{{}}/hanbit/issuer"
        at = self.net.routes
        at["GET", well_known.format("openid-credential-issuer")] = lambda _: (200, self.metadata)
        at["GET", well_known.format("oauth-authorization-server")] = lambda _: (200, self.server)
        at["POST", f"{ISSUER}/token"] = self._token
        at["POST", f"{ISSUER}/nonce"] = lambda _: (200, {"c_nonce": "fresh"})
        at["POST", f"{ISSUER}/credential"] = self._credential
        at["POST", f"{ISSUER}/receipts"] = lambda _: (200, {"receipts": self.receipts})
        self.server = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
        self.metadata: dict[str, Any] = {
            "credential_issuer": ISSUER,
            "credential_endpoint": f"{ISSUER}/credential",
            "nonce_endpoint": f"{ISSUER}/nonce",
            "batch_credential_issuance": {"batch_size": self.batch},
            "credential_configurations_supported": {
                name: {
                    "format": "dc+sd-jwt",
                    "vct": vct,
                    "scope": name,
                    "credential_metadata": {"display": [{"name": name.title(), "locale": "en"}]},
                    **BOUND,
                }
                for name, vct in VCT.items()
            },
        }

    def _token(self, request: httpx.Request) -> tuple[int, Any]:
        form = {key: value[0] for key, value in parse_qs(request.content.decode()).items()}
        if form.get("tx_code") != "1234" or form.get("pre-authorized_code") != "code-1":
            return 400, {"error": "invalid_grant", "error_description": "another code"}
        return 200, {"access_token": "token-1", "token_type": "Bearer", "expires_in": 60}

    def _credential(self, request: httpx.Request) -> tuple[int, Any]:
        if self.lose:
            self.lose -= 1
            raise httpx.ReadTimeout("the answer is lost")
        asked = json.loads(request.content)
        keys = [
            check_proof_jwt(each, audience=ISSUER, now=system.now(), max_age=DAY, max_skew=60).key
            for each in asked["proofs"]["jwt"]
        ]
        name = asked["credential_configuration_id"]
        return 200, {"credentials": [{"credential": self.issued(name, key)} for key in keys]}

    @staticmethod
    def link(*types: str, issuer: str = ISSUER) -> str:
        grant = {"pre-authorized_code": "code-1", "tx_code": {}}
        offer = {
            "credential_issuer": issuer,
            "credential_configuration_ids": list(types) or ["digital_id"],
            "grants": {"urn:ietf:params:oauth:grant-type:pre-authorized_code": grant},
        }
        return "openid-credential-offer://?" + urlencode({"credential_offer": json.dumps(offer)})


@dataclass
class World:
    """A wallet and its network."""

    folder: Path
    net: Net = field(default_factory=Net)
    registry: RegistryTwin = field(default_factory=found_registry)

    def __post_init__(self) -> None:
        anchors = self.folder / "anchors" / "hanbit"
        anchors.mkdir(parents=True)
        (anchors / "1.der").write_bytes(ROOT)
        (self.folder / "contract.json").write_bytes(place_record())
        self.settings = Settings(
            folder=self.folder / "wallet",
            passphrase=PASSPHRASE,  # type: ignore[arg-type]  # pydantic makes it secret
            anchors=self.folder / "anchors",
            accreditations=SNAPSHOT,
            record=self.folder / "contract.json",
            accreditation_refresh_seconds=2 * DAY,
            copies=3,
        )
        self.open()
        self.known()

    def open(self, **changes: Any) -> None:
        """Open the wallet, with some settings changed."""
        settings = self.settings.model_copy(update=changes)
        self.wallet: Wallet = open_wallet(settings, Network(settings, self.net))

    def known(self, age: int = 0) -> None:
        """Let the wallet know the registry as it is, from a block of that age."""
        self.vault.keep_snapshot(self.registry.signed(LOG, LOG_KEY, NOW - age), NOW - age)

    @property
    def vault(self) -> Vault:
        return self.wallet.vault

    def hold_mdoc(self, names: dict[str, str] | None = None, **changes: Any) -> None:
        """Put three copies of the Digital ID as an mdoc into the wallet."""
        keys = [signer.public_key for signer in self.vault.signers(3)]
        self.vault.keep(
            [
                HeldCopy(f"mdoc-{at}", ISSUER, "mso_mdoc", DOC_TYPE, at, text, names or {})
                for at, text in enumerate(mdoc(key, **changes) for key in keys)
            ]
        )

    def hold(self, *names: str, expired: bool = False) -> None:
        """Put three copies of each certificate into the wallet."""
        changes = {"exp": NOW - DAY} if expired else {}
        for name in names:
            self.vault.keep(
                [
                    HeldCopy(f"{name}-{number}", ISSUER, "dc+sd-jwt", VCT[name], number, text)
                    for number, text in enumerate(
                        credential(name, signer.public_key, **changes)
                        for signer in self.vault.signers(3)
                    )
                ]
            )

    @property
    def leaked(self) -> bool:
        """Tell whether anything that was sent holds a claim in clear, or any presentation."""
        told = "".join(str(each.url) + each.content.decode() for each in self.net.sent)
        return any(secret in told for secret in SECRETS) or "response=" in told

"""An issuer and its authorization server that check all that a wallet sends.

Whatever breaks a rule of the protocols fails an assertion here, in the middle of the wallet's call.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import base64url
from madang.core.envelope import jwe
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import SoftwareSigner
from madang.core.protocol.oauth import client_assertion, client_attestation
from madang.core.protocol.oauth.dpop import check_dpop
from madang.core.protocol.oauth.pkce import fits
from madang.core.protocol.oid4vci.di_vp import check_di_vp
from madang.core.protocol.oid4vci.key_attestation import (
    check_key_attestation,
)
from madang.core.protocol.oid4vci.proof import check_proof_jwt
from madang.core.protocol.oid4vci.signed_metadata import sign_metadata
from mobile_stub.adapters import system
from tests.unit.mobile_stub.receiving.provider import (
    PRE_AUTHORIZED,
    PROVIDER_ROOT,
    REDIRECT,
    Answer,
    form_of,
    window,
)
from tests.unit.mobile_stub.world import (
    BOUND,
    DOC_TYPE,
    HOST,
    ISSUER,
    ISSUER_KEY,
    VCT,
    Net,
    credential,
)


def configuration(name: str, **changes: Any) -> dict[str, Any]:
    shown = {"display": [{"name": name.title(), "locale": "en"}]}
    return {
        "format": "dc+sd-jwt",
        "vct": VCT[name],
        "scope": name,
        "credential_metadata": shown,
        **BOUND,
        **changes,
    }


def proof_type(name: str, *algorithms: str, attested: bool = False) -> dict[str, Any]:
    """Return what an issuer says that takes this type of proof alone."""
    one: dict[str, Any] = {"proof_signing_alg_values_supported": list(algorithms or ("ES256",))}
    if attested:
        one["key_attestations_required"] = {}
    return {"proof_types_supported": {name: one}}


MDOC: dict[str, Any] = {
    **configuration("digital_id", format="mso_mdoc", doctype=DOC_TYPE, scope="digital_id_mdoc"),
    "cryptographic_binding_methods_supported": ["cose_key"],
}


@dataclass
class Office:
    """An issuer with its authorization server.

    Attributes:
        net: where it stands.
        server: identifier of the authorization server.
        client_key: of a client that signs assertions.
        pending: polls of a deferred certificate that get "not yet"; None for at once, as after one.
        issued: what is made of a configuration's id and a proved key.
        lose: addresses, by their last part, whose next answer is lost on its way.
        bend: changes an answer by the last part of its address.
        redirect_uri: where the wallet's browser comes back to.
    """

    net: Net
    server: str = ISSUER
    client_key: PublicKey | None = None
    pending: int | None = None
    issued: Callable[[str, PublicKey], str] = credential
    lose: list[str] = field(default_factory=list)
    bend: dict[str, Callable[[Answer], Answer]] = field(default_factory=dict)
    redirect_uri: str = REDIRECT

    def __post_init__(self) -> None:
        self._numbers = count()
        self.nonces: dict[str, str] = {}
        self.seen: set[str] = set()
        self.pushed: dict[str, dict[str, str]] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, str | None] = {}
        self.refresh: set[str] = set()
        self.c_nonces: set[str] = set()
        self.challenges: set[str] = set()
        self.requests: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.delivered: dict[str, list[str]] = {}
        self.spent: set[str] = set()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.expires_in = 600
        self.issuer_state: str | None = None
        self.signed_by: SoftwareSigner | None = None
        self._describe()
        for path, answer in {
            "par": self._par,
            "token": self._token,
            "challenge": self._challenge,
        }.items():
            self.net.routes["POST", f"{self.server}/{path}"] = self._through(path, answer)
        for path, answer in {
            "nonce": self._nonce,
            "credential": self._credential,
            "deferred": self._deferred,
            "notification": self._notification,
        }.items():
            self.net.routes["POST", f"{ISSUER}/{path}"] = self._through(path, answer)
        at = urlsplit(self.server)
        well_known = f"{HOST}/.well-known/openid-credential-issuer/hanbit/issuer"
        server = f"{HOST}/.well-known/oauth-authorization-server{at.path}"
        self.net.routes["GET", well_known] = self._metadata
        self.net.routes["GET", server] = lambda _: (200, self.server_metadata)
        self.net.routes["GET", f"{ISSUER}/offer/1"] = lambda _: (200, self.offer)

    def _describe(self) -> None:
        self.server_metadata: dict[str, Any] = {
            "issuer": self.server,
            "authorization_endpoint": f"{self.server}/authorize",
            "pushed_authorization_request_endpoint": f"{self.server}/par",
            "token_endpoint": f"{self.server}/token",
            "challenge_endpoint": f"{self.server}/challenge",
            "grant_types_supported": ["authorization_code", PRE_AUTHORIZED, "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["attest_jwt_client_auth"],
            "authorization_response_iss_parameter_supported": True,
        }
        self.metadata: dict[str, Any] = {
            "credential_issuer": ISSUER,
            "credential_endpoint": f"{ISSUER}/credential",
            "nonce_endpoint": f"{ISSUER}/nonce",
            "deferred_credential_endpoint": f"{ISSUER}/deferred",
            "notification_endpoint": f"{ISSUER}/notification",
            "batch_credential_issuance": {"batch_size": 3},
            "credential_configurations_supported": {name: configuration(name) for name in VCT},
        }
        self.offer: dict[str, Any] = {
            "credential_issuer": ISSUER,
            "credential_configuration_ids": ["digital_id"],
        }

    # What the tests turn on

    def encrypting(self, *, required: bool = False) -> None:
        """Offer encryption of requests and answers."""
        encs = {"enc_values_supported": ["A128GCM", "A256GCM"], "encryption_required": required}
        jwk = PublicKey.from_native(self.key.public_key()).to_jwk()
        keys = [{**jwk, "kid": "req", "use": "enc", "alg": "ECDH-ES"}]
        self.metadata["credential_request_encryption"] = {"jwks": {"keys": keys}, **encs}
        answer = {"alg_values_supported": ["ECDH-ES"], **encs}
        self.metadata["credential_response_encryption"] = answer

    def describe(self, name: str = "digital_id", **changes: Any) -> None:
        """Change how a configuration is described."""
        self.metadata["credential_configurations_supported"][name].update(changes)

    def link(self, *names: str, grants: dict[str, Any] | None = None, **how: str) -> str:
        """Return the link of an offer, by reference with `reference="yes"`."""
        if names:
            self.offer["credential_configuration_ids"] = list(names)
        if grants is not None:
            self.offer["grants"] = grants
        query = {"credential_offer": json.dumps(self.offer)}
        if how.get("reference"):
            query = {"credential_offer_uri": f"{ISSUER}/offer/1"}
        return f"{how.get('scheme', 'openid-credential-offer')}://?{urlencode(query)}"

    def pre_authorized(self, *names: str, tx_code: bool = True, **how: str) -> str:
        grant = {"pre-authorized_code": "code-1", **({"tx_code": {}} if tx_code else {})}
        return self.link(*names, grants={PRE_AUTHORIZED: grant}, **how)

    def by_log_in(self, *names: str, **how: str) -> str:
        self.issuer_state = "state-of-issuer"
        grant = {"issuer_state": self.issuer_state}
        return self.link(*names, grants={"authorization_code": grant}, **how)

    def sent(self, path: str) -> list[httpx.Request]:
        return [each for each in self.net.sent if str(each.url).endswith(f"/{path}")]

    # What the wallet meets

    def _through(
        self, path: str, answer: Callable[[httpx.Request], Answer]
    ) -> Callable[[httpx.Request], Answer]:
        def answered(request: httpx.Request) -> Answer:
            found = answer(request)
            if path in self.lose:
                self.lose.remove(path)
                raise httpx.ReadTimeout("the answer is lost")
            return self.bend.get(path, lambda same: same)(found)

        return answered

    def _metadata(self, request: httpx.Request) -> Answer:
        if self.signed_by is None or "application/jwt" not in request.headers["accept"]:
            return 200, self.metadata, {"content-type": "application/json"}
        now = system.now()
        text = sign_metadata(self.metadata, self.signed_by, issued_at=now, expires_at=now + 600)
        return 200, text.encode(), {"content-type": "application/jwt"}

    def _fresh(self, what: str) -> str:
        return f"{what}-{next(self._numbers)}"

    def _dpop(self, request: httpx.Request, side: str, token: str | None = None) -> Answer | str:
        """Check the proof; the answer is a refusal for want of this side's newest nonce."""
        proof = check_dpop(
            request.headers["dpop"],
            method="POST",
            url=str(request.url),
            window=window(),
            access_token=token,
        )
        assert proof.jti not in self.seen
        self.seen.add(proof.jti)
        wanted, self.nonces[side] = self.nonces.get(side), self._fresh(f"dpop-{side}")
        if wanted is None or proof.nonce != wanted:
            told = {"dpop-nonce": self.nonces[side]}
            if side == "server":
                return 400, {"error": "use_dpop_nonce"}, told
            return 401, {}, {**told, "www-authenticate": 'DPoP error="use_dpop_nonce"'}
        return proof.jkt

    def _client(self, request: httpx.Request, form: dict[str, str]) -> str | None:
        methods = self.server_metadata["token_endpoint_auth_methods_supported"]
        if "attest_jwt_client_auth" in methods:
            return self._attested(request)
        if "private_key_jwt" in methods:
            assert self.client_key is not None
            opened = client_assertion.open_assertion(form["client_assertion"])
            assertion = client_assertion.check_assertion(
                opened,
                [self.client_key],
                client_id=form["client_id"],
                audience=self.server,
                window=window(),
            )
            assert assertion.jti not in self.seen
            self.seen.add(assertion.jti)
        return form.get("client_id")

    def _attested(self, request: httpx.Request) -> str:
        attestation = client_attestation.check_attestation(
            request.headers["oauth-client-attestation"], (PROVIDER_ROOT,), window()
        )
        pop = client_attestation.check_pop(
            request.headers["oauth-client-attestation-pop"],
            attestation,
            audience=self.server,
            window=window(),
        )
        assert pop.jti not in self.seen
        self.seen.add(pop.jti)
        if "challenge_endpoint" in self.server_metadata:
            self.challenges.remove(str(pop.challenge))
        return attestation.client_id

    def _challenge(self, request: httpx.Request) -> Answer:
        assert request.content == b""
        challenge = self._fresh("challenge")
        self.challenges.add(challenge)
        return 200, {"attestation_challenge": challenge}, {}

    def _par(self, request: httpx.Request) -> Answer:
        form = form_of(request)
        client = self._client(request, form)
        assert form["client_id"] == client
        assert form["response_type"] == "code"
        assert form["code_challenge_method"] == "S256"
        assert form["redirect_uri"] == self.redirect_uri
        assert form.get("issuer_state") == self.issuer_state
        jkt = self._dpop(request, "server")
        if isinstance(jkt, tuple):
            return jkt
        name = self._fresh("urn:ietf:params:oauth:request_uri:r")
        self.pushed[name] = {**form, "jkt": jkt}
        return 201, {"request_uri": name, "expires_in": 60}, {}

    def _token(self, request: httpx.Request) -> Answer:
        form = form_of(request)
        anonymous = form["grant_type"] == PRE_AUTHORIZED and self.server_metadata.get(
            "pre-authorized_grant_anonymous_access_supported"
        )
        client = None if anonymous else self._client(request, form)
        assert form.get("client_id") == client
        jkt: str | None = None
        if "dpop_signing_alg_values_supported" in self.server_metadata:
            proved = self._dpop(request, "server")
            if isinstance(proved, tuple):
                return proved
            jkt = proved
        refusal = self._redeem(form, jkt)
        if refusal is not None:
            return 400, {"error": refusal}, {}
        return self._tokens(form, jkt)

    def _redeem(self, form: dict[str, str], jkt: str | None) -> str | None:
        if self.closed:
            return "temporarily_unavailable"
        if form["grant_type"] == PRE_AUTHORIZED:
            wanted = "tx_code" in self.offer["grants"][PRE_AUTHORIZED]
            good = form.get("tx_code") == ("1234" if wanted else None)
            return None if good and form["pre-authorized_code"] == "code-1" else "invalid_grant"
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh:
                return "invalid_grant"
            self.refresh.remove(form["refresh_token"])
            return None
        pushed = self.codes.pop(form["code"], None)
        if pushed is None:
            return "invalid_grant"
        assert fits(form["code_verifier"], pushed["code_challenge"])
        assert form["redirect_uri"] == pushed["redirect_uri"]
        assert jkt == pushed["jkt"]
        self.details = pushed.get("authorization_details")
        return None

    details: str | None = None
    closed: bool = False
    several: int = 1

    def _tokens(self, form: dict[str, str], jkt: str | None) -> Answer:
        token, again = self._fresh("token"), self._fresh("refresh")
        self.tokens[token] = jkt
        answer: dict[str, Any] = {"access_token": token, "token_type": "DPoP" if jkt else "Bearer"}
        answer["expires_in"] = self.expires_in
        if form["grant_type"] != PRE_AUTHORIZED:
            self.refresh.add(again)
            answer["refresh_token"] = again
        if self.details is not None:
            answer["authorization_details"] = [
                {**each, "credential_identifiers": self._named(each["credential_configuration_id"])}
                for each in json.loads(self.details)
            ]
        return 200, answer, {}

    def _named(self, name: str) -> list[str]:
        return [f"{which} of {name}" for which in ("id", "jd", "kd")[: self.several]]

    def _nonce(self, request: httpx.Request) -> Answer:
        assert request.content == b""
        assert "authorization" not in request.headers
        nonce = self._fresh("c-nonce")
        self.c_nonces.add(nonce)
        return 200, {"c_nonce": nonce}, {"cache-control": "no-store"}

    def _called(self, request: httpx.Request) -> Answer | None:
        scheme, _, token = request.headers["authorization"].partition(" ")
        if token not in self.tokens:
            return 401, {}, {"www-authenticate": 'DPoP error="invalid_token"'}
        jkt = self.tokens[token]
        assert scheme == ("DPoP" if jkt else "Bearer")
        if jkt is None:
            return None
        proved = self._dpop(request, "issuer", token)
        if isinstance(proved, tuple):
            return proved
        assert proved == jkt
        return None

    def _opened(self, request: httpx.Request) -> dict[str, Any]:
        if "credential_request_encryption" not in self.metadata:
            assert request.headers["content-type"] == "application/json"
            body: dict[str, Any] = json.loads(request.content)
            assert "credential_response_encryption" not in body
            return body
        assert request.headers["content-type"] == "application/jwt"
        secret = self.key.private_numbers().private_value.to_bytes(32, "big")
        jwk = PublicKey.from_native(self.key.public_key()).to_jwk()
        private = {"req": {**jwk, "d": base64url.encode(secret)}}
        opened: dict[str, Any] = json.loads(jwe.decrypt(request.content.decode(), private))
        return opened

    def _sealed(self, status: int, answer: dict[str, Any], body: dict[str, Any]) -> Answer:
        wanted = body.get("credential_response_encryption")
        if wanted is None:
            return status, answer, {"content-type": "application/json"}
        assert wanted["jwk"]["alg"] == "ECDH-ES"
        text = jwe.encrypt(json.dumps(answer).encode(), wanted["jwk"], enc=wanted["enc"])
        return status, text.encode(), {"content-type": "application/jwt"}

    def _credential(self, request: httpx.Request) -> Answer:
        refusal = self._called(request)
        if refusal is not None:
            return refusal
        body = self._opened(request)
        self.requests.append(body)
        assert body.keys() <= {
            "credential_configuration_id",
            "credential_identifier",
            "proofs",
            "credential_response_encryption",
        }
        assert ("credential_identifier" in body) != ("credential_configuration_id" in body)
        assert ("credential_identifier" in body) == (self.details is not None)
        name = body.get("credential_configuration_id") or body["credential_identifier"][6:]
        described = self.metadata["credential_configurations_supported"][name]
        keys = self._keys(body.get("proofs"), described.get("proof_types_supported"))
        if keys is None:
            return 400, {"error": "invalid_nonce"}, {}
        assert len({*keys}) == len(keys) <= self.metadata["batch_credential_issuance"]["batch_size"]
        # The texts know no order among the copies: another than that of the proofs.
        copies = [self.issued(name, key) for key in reversed(keys)]
        if not keys:
            copies = [credential(name, ISSUER_KEY.public_key, cnf=None)]
        number = self._fresh("transaction")
        self.delivered[number] = copies
        if self.pending is not None:
            return self._sealed(202, {"transaction_id": number, "interval": 5}, body)
        return self._sealed(200, self._issued(number), body)

    def _keys(self, proofs: Any, known: Any) -> list[PublicKey] | None:
        """Return the keys that are proved, None when the nonce is not one of this issuer's."""
        if known is None:
            assert proofs is None
            return []
        ((kind, several),) = proofs.items()
        assert kind in known
        required = known[kind].get("key_attestations_required")
        now = system.now()
        if kind == "attestation":
            (one,) = several
            attestation = check_key_attestation(one, anchors=(PROVIDER_ROOT,), window=window())
            return list(attestation.keys) if self._use({attestation.nonce}) else None
        if kind == "di_vp":
            found = [check_di_vp(each, audience=ISSUER, window=window()) for each in several]
        else:
            found = [
                check_proof_jwt(each, audience=ISSUER, now=now, max_age=86_400, max_skew=60)
                for each in several
            ]
        for each in found:
            if required is None:
                continue
            attested = check_key_attestation(
                str(each.key_attestation), anchors=(PROVIDER_ROOT,), window=window()
            )
            assert each.key in attested.keys
            assert (attested.nonce, attested.expires_at is None) == (each.nonce, False)
        return [each.key for each in found] if self._use({each.nonce for each in found}) else None

    def _use(self, nonces: set[str | None]) -> bool:
        assert len(nonces) == 1
        known = nonces <= self.c_nonces
        self.c_nonces -= {str(each) for each in nonces}
        return known

    def _issued(self, number: str) -> dict[str, Any]:
        return {
            "credentials": [{"credential": text} for text in self.delivered[number]],
            "notification_id": f"notification of {number}",
        }

    def _deferred(self, request: httpx.Request) -> Answer:
        refusal = self._called(request)
        if refusal is not None:
            return refusal
        body = self._opened(request)
        assert body.keys() <= {"transaction_id", "credential_response_encryption"}
        number = body["transaction_id"]
        if number not in self.delivered.keys() - self.spent:
            return 400, {"error": "invalid_transaction_id"}, {}
        if self.pending:
            self.pending -= 1
            return self._sealed(202, {"transaction_id": number, "interval": 7}, body)
        self.spent.add(number)
        self.pending = None
        return self._sealed(200, self._issued(number), body)

    def _notification(self, request: httpx.Request) -> Answer:
        refusal = self._called(request)
        if refusal is not None:
            return refusal
        event = json.loads(request.content)
        assert event.keys() == {"notification_id", "event"}
        self.events.append(event)
        return 204, b"", {}

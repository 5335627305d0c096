"""Wallets and a counter in one: complete flows over kept connections, costing little themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.city import TENANT, Running
from bench.wire import FORM, JSON, Wire
from madang.core.encoding import strict_json
from madang.core.envelope import jwe, jws
from madang.core.formats.sd_jwt.model import Path, SdJwt, parse
from madang.core.formats.sd_jwt.present import bind, select
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.core.protocol.form import encode_form
from madang.core.protocol.oauth.names import PreAuthorizedCode
from madang.core.protocol.oauth.token import TokenRequest
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.protocol.oid4vci.offer import CredentialOffer, parse_offer_uri
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.infra.clock import SystemClock

TYPE = "digital_id"
ASKED: Sequence[Path] = (("name",), ("birthdate",))
PURPOSE = "counter_identification"


@dataclass(frozen=True, slots=True)
class Voucher:
    """An offer that a wallet has scanned."""

    code: PreAuthorizedCode
    tx_code: str

    @classmethod
    def of(cls, made: dict[str, Any]) -> "Voucher":
        """Read what the issuer told the counter."""
        offer = parse_offer_uri(made["offer_uri"], allow_loopback_http=True)
        grant = offer.pre_authorized if isinstance(offer, CredentialOffer) else None
        if grant is None:
            raise TypeError("the offer has no pre-authorized code by value")
        return cls(grant.pre_authorized_code, made["tx_code"])


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches a certificate: token, nonce, credential.

    Attributes:
        issuer: identifier of the issuer.
        wire: connection to it.
    """

    issuer: str
    wire: Wire

    async def fetch(self, voucher: Voucher) -> tuple[str, Signer]:
        """Return one copy and the key that it is bound to; the key is new."""
        holder, issuer = generate_p256("holder"), self.issuer
        form = TokenRequest(voucher.code, voucher.tx_code).to_form().encode()
        token = (await self.wire.call("POST", f"{issuer}/token", FORM, form)).json()
        nonce = (await self.wire.call("POST", f"{issuer}/nonce")).json()["c_nonce"]
        proof = make_proof_jwt(holder, issuer, nonce, SystemClock().now())
        body = strict_json.dumps(CredentialRequest(TYPE, None, (proof,)).to_json()).encode()
        headers = {**JSON, "authorization": f"{token['token_type']} {token['access_token']}"}
        answer = await self.wire.call("POST", f"{issuer}/credential", headers, body)
        return answer.json()["credentials"][0]["credential"], holder


@dataclass(frozen=True, slots=True)
class Held:
    """A copy as a wallet has it ready: what it discloses, without a key binding."""

    bound_part: str
    hash_name: str
    holder: Signer

    @classmethod
    def of(cls, credential: str, holder: Signer) -> "Held":
        """Choose what is asked for in the bench."""
        parsed: SdJwt = parse(credential)
        return cls(select(parsed, ASKED), parsed.hash_name, holder)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Asks as the counter, and answers as a wallet: session, request, answer.

    Attributes:
        city: makes the counter's calls.
        wire: connection to the verifier.
        held: what is presented.
    """

    city: Running
    wire: Wire
    held: Held

    async def visit(self) -> None:
        """Go through one presentation."""
        addresses = self.city.plan.addresses
        verifier = addresses.identifier(TENANT, "verifier")
        body = {"purpose": PURPOSE, "audience": addresses.identifier(TENANT, "issuer")}
        content = strict_json.dumps(body).encode()
        headers = self.city.authorization("verifier", "presentations", content)
        session = await self.wire.call("POST", f"{verifier}/api/presentations", headers, content)
        link = session.json()["request_uri"]
        where = f"{verifier}/request/{session.json()['presentation_id']}"
        if encode_form({"request_uri": where}) not in link:
            raise RuntimeError(f"the request is not where it was expected: {link}")
        signed = await self.wire.call("GET", where)
        asked = jws.claims(jws.parse(signed.body))
        answer = await self.wire.call("POST", asked["response_uri"], FORM, self._answer(asked))
        answer.json()

    def _answer(self, asked: dict[str, Any]) -> bytes:
        now, held = SystemClock().now(), self.held
        presented = bind(
            held.bound_part, held.hash_name, held.holder, asked["client_id"], asked["nonce"], now
        )
        query = asked["dcql_query"]["credentials"][0]["id"]
        payload = {"vp_token": {query: [presented]}, "state": asked["state"]}
        key = asked["client_metadata"]["jwks"]["keys"][0]
        box = jwe.encrypt(strict_json.dumps(payload).encode(), key, enc=jwe.ENCS[0])
        return encode_form({"response": box}).encode()

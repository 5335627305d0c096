"""Messages of the authorization server, and the proofs that come with them."""

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.oauth.authorization import (
    is_redirect_uri,
    parse_pushed_response,
    read_answer,
    read_authorization_request,
)
from madang.core.protocol.oauth.client_assertion import (
    check_assertion,
    open_assertion,
    subject_of,
)
from madang.core.protocol.oauth.client_attestation import (
    ATTESTATION_TYP,
    POP_TYP,
    ClientAttestation,
    check_attestation,
    check_pop,
)
from madang.core.protocol.oauth.dpop import DPOP_TYP, check_dpop, normalised
from madang.core.protocol.oauth.errors import OAuthError, invalid_request
from madang.core.protocol.oauth.key_set import parse_key_set
from madang.core.protocol.oauth.registration import parse_registration
from madang.core.protocol.oauth.server_nonce import SECRET_BYTES, ServerNonces
from madang.core.protocol.typed_jwt import Window
from tests.fuzz.harness import harness, require, text
from tests.fuzz.world import HOLDER, ISSUER, NOW, ROOT_DER, SIGNER

WINDOW = Window(NOW, 300, 60)
NONCES = ServerNonces(bytes(SECRET_BYTES), "fuzz", 300)
ATTESTED = ClientAttestation("wallet", HOLDER.public_key, NOW, {})


@harness(OAuthError)
def pushed_request(data: bytes) -> None:
    form = parse_form(data, limits=DEFAULT_LIMITS, refuse=invalid_request)
    request = read_authorization_request(form)
    is_redirect_uri(request.redirect_uri, allow_loopback_http=True)
    again = encode_form(request.to_parameters())
    read = parse_form(again, limits=DEFAULT_LIMITS, refuse=invalid_request)
    assert read_authorization_request(read) == request


@harness(OAuthError)
def pushed_response(data: bytes) -> None:
    parse_pushed_response(data)


@harness(OAuthError)
def authorization_answer(data: bytes) -> None:
    read_answer(text(data), issuer=ISSUER, state="s")


@harness(OAuthError)
def dpop_proof(data: bytes) -> None:
    check_dpop(text(data), method="POST", url=ISSUER, window=WINDOW)


@harness(OAuthError)
def dpop_proof_signed(data: bytes) -> None:
    header = {"typ": DPOP_TYP, "jwk": HOLDER.public_key.to_jwk()}
    check_dpop(jws.sign(data, header, HOLDER), method="POST", url=ISSUER, window=WINDOW)


@harness()
def dpop_address(data: bytes) -> None:
    same = normalised(text(data))
    require(same)
    assert normalised(str(same)) == same


@harness()
def server_nonce(data: bytes) -> None:
    require(NONCES.good(text(data), NOW))


@harness(OAuthError)
def client_assertion_signed(data: bytes) -> None:
    opened = open_assertion(jws.sign(data, {}, HOLDER))
    keys = (HOLDER.public_key,)
    subject = subject_of(opened)
    check_assertion(opened, keys, client_id=subject, audience=ISSUER, window=WINDOW)


@harness(OAuthError)
def client_assertion(data: bytes) -> None:
    subject_of(open_assertion(text(data)))


@harness(OAuthError)
def client_attestation(data: bytes) -> None:
    check_attestation(text(data), (ROOT_DER,), WINDOW)


@harness(OAuthError)
def client_attestation_signed(data: bytes) -> None:
    header = {"typ": ATTESTATION_TYP, **jws.chain_header(SIGNER.certificate_chain)}
    check_attestation(jws.sign(data, header, SIGNER), (ROOT_DER,), WINDOW)


@harness(OAuthError)
def attestation_pop_signed(data: bytes) -> None:
    compact = jws.sign(data, {"typ": POP_TYP}, HOLDER)
    check_pop(compact, ATTESTED, audience=ISSUER, window=WINDOW)


@harness(OAuthError)
def client_registration(data: bytes) -> None:
    client = parse_registration(data, invalid_request)
    again = strict_json.dumps(client.to_json()).encode()
    assert parse_registration(again, invalid_request) == client


@harness(OAuthError)
def client_key_set(data: bytes) -> None:
    parse_key_set(data, invalid_request)

"""Messages of OAuth and OpenID4VCI, and the forms and addresses under them."""

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import load
from madang.core.protocol.oauth import errors as oauth_errors
from madang.core.protocol.oauth.errors import OAuthError, invalid_request
from madang.core.protocol.oauth.metadata import parse_server_metadata
from madang.core.protocol.oauth.token import parse_token_request, parse_token_response
from madang.core.protocol.oid4vci import errors as oid4vci_errors
from madang.core.protocol.oid4vci.credential import (
    parse_credential_request,
    parse_credential_response,
    parse_deferred_request,
    parse_nonce_response,
)
from madang.core.protocol.oid4vci.di_vp import check_di_vp
from madang.core.protocol.oid4vci.encryption import open_request
from madang.core.protocol.oid4vci.errors import CredentialError, Oid4vciError, invalid_proof
from madang.core.protocol.oid4vci.key_attestation import check_key_attestation
from madang.core.protocol.oid4vci.metadata import parse_issuer_metadata
from madang.core.protocol.oid4vci.names import (
    KEY_ATTESTATION_TYP,
    PROOF_TYP,
    SIGNED_METADATA_TYP,
)
from madang.core.protocol.oid4vci.notification import parse_notification
from madang.core.protocol.oid4vci.offer import CredentialOffer, parse_offer, parse_offer_uri
from madang.core.protocol.oid4vci.proof import check_proof_jwt
from madang.core.protocol.oid4vci.receipt_request import (
    RECEIPT_REQUEST_TYP,
    check_receipt_request,
)
from madang.core.protocol.oid4vci.signed_metadata import parse_signed_metadata
from madang.core.protocol.typed_jwt import Window
from madang.core.protocol.urls import WellKnown, host_of, is_web_address, well_known
from tests.fuzz.harness import harness, require, text
from tests.fuzz.world import CHAIN, DECRYPTION_JWKS, HOLDER, ISSUER, NOW, ROOT_DER, SIGNER

WINDOW = {"audience": ISSUER, "now": NOW, "max_age": 300, "max_skew": 60}
OWN_KEY = {"jwk": HOLDER.public_key.to_jwk()}


@harness(OAuthError)
def form(data: bytes) -> None:
    found = parse_form(data, limits=DEFAULT_LIMITS, refuse=invalid_request)
    if found:
        again = encode_form(found)
        assert parse_form(again, limits=DEFAULT_LIMITS, refuse=invalid_request) == found


@harness(OAuthError)
def form_query(data: bytes) -> None:
    parse_form(text(data), limits=DEFAULT_LIMITS, refuse=invalid_request)


@harness()
def url(data: bytes) -> None:
    host_of(text(data))
    require(is_web_address(text(data), allow_loopback_http=True))
    for document in WellKnown:
        assert is_web_address(well_known(text(data), document), allow_loopback_http=True)


@harness(OAuthError)
def token_request(data: bytes) -> None:
    request = parse_token_request(data)
    assert parse_token_request(request.to_form().encode()) == request


@harness(OAuthError)
def token_response(data: bytes) -> None:
    response = parse_token_response(data)
    again = strict_json.dumps(response.to_json()).encode()
    assert parse_token_response(again) == response


@harness(OAuthError)
def oauth_error(data: bytes) -> None:
    oauth_errors.parse_error(data, 400).to_json()


@harness(OAuthError)
def server_metadata(data: bytes) -> None:
    parse_server_metadata(data, issuer=ISSUER)


@harness(Oid4vciError)
def issuer_metadata(data: bytes) -> None:
    parse_issuer_metadata(data, issuer=ISSUER)


@harness(Oid4vciError)
def offer(data: bytes) -> None:
    parsed = parse_offer(data)
    assert parse_offer(strict_json.dumps(parsed.to_json())) == parsed


@harness(Oid4vciError)
def offer_uri(data: bytes) -> None:
    parsed = parse_offer_uri(text(data))
    if isinstance(parsed, CredentialOffer):
        parsed.to_uri()


@harness(CredentialError)
def credential_request(data: bytes) -> None:
    request = parse_credential_request(data, batch_size=8)
    again = strict_json.dumps(request.to_json()).encode()
    assert parse_credential_request(again, batch_size=8) == request


@harness(CredentialError)
def encrypted_credential_request(data: bytes) -> None:
    parse_credential_request(data, encrypted=True, batch_size=8)


@harness(CredentialError)
def credential_request_jwe(data: bytes) -> None:
    open_request(data, DECRYPTION_JWKS)


@harness(CredentialError)
def deferred_request(data: bytes) -> None:
    request = parse_deferred_request(data, encrypted=True)
    again = strict_json.dumps(request.to_json()).encode()
    assert parse_deferred_request(again, encrypted=True) == request


@harness(CredentialError)
def notification(data: bytes) -> None:
    sent = parse_notification(data)
    assert parse_notification(strict_json.dumps(sent.to_json()).encode()) == sent


@harness(CredentialError)
def key_attestation(data: bytes) -> None:
    check_key_attestation(text(data), anchors=(ROOT_DER,), window=Window(NOW, 300, 60))


@harness(CredentialError)
def key_attestation_signed(data: bytes) -> None:
    key_attestation(jws.sign(data, {"typ": KEY_ATTESTATION_TYP, **CHAIN}, SIGNER).encode())


@harness(CredentialError)
def di_vp(data: bytes) -> None:
    """Check a presentation; the whole of it is mutated, its signature too."""
    value = load(data, len(data), DEFAULT_LIMITS, invalid_proof)
    if isinstance(value, dict):
        check_di_vp(value, audience=ISSUER, window=Window(NOW, 300, 60))


@harness(Oid4vciError)
def signed_metadata(data: bytes) -> None:
    window = Window(NOW, 300, 60)
    parse_signed_metadata(data, issuer=ISSUER, anchors=(ROOT_DER,), window=window)


@harness(Oid4vciError)
def signed_metadata_signed(data: bytes) -> None:
    signed_metadata(jws.sign(data, {"typ": SIGNED_METADATA_TYP, **CHAIN}, SIGNER).encode())


@harness(Oid4vciError)
def credential_response(data: bytes) -> None:
    response = parse_credential_response(data)
    again = strict_json.dumps(response.to_json()).encode()
    assert parse_credential_response(again) == response


@harness(Oid4vciError)
def nonce_response(data: bytes) -> None:
    parse_nonce_response(data)


@harness(Oid4vciError)
def credential_error(data: bytes) -> None:
    oid4vci_errors.parse_error(data, 400)


@harness(CredentialError)
def key_proof(data: bytes) -> None:
    check_proof_jwt(text(data), **WINDOW)


@harness(CredentialError)
def key_proof_signed(data: bytes) -> None:
    check_proof_jwt(jws.sign(data, {"typ": PROOF_TYP, **OWN_KEY}, HOLDER), **WINDOW)


@harness(CredentialError)
def receipt_request_signed(data: bytes) -> None:
    compact = jws.sign(data, {"typ": RECEIPT_REQUEST_TYP, **OWN_KEY}, HOLDER)
    check_receipt_request(compact, **WINDOW)

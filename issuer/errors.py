"""From each error of the issuer to its answer: the one table."""

from issuer.authorization.model import (
    NoProvider,
    NoSuchWay,
    NothingToGive,
    NotKnownYet,
    TooManyTries,
)
from issuer.calls import MalformedCall
from issuer.issuance.deferral import AlreadyDecided, NoSuchDeferral
from issuer.licence import NotAccredited
from issuer.offers.model import NoSuchOffer, OfferCode, OfferRefused
from issuer.proofing.model import NotInRegister
from issuer.sources.claims import NothingToCertify
from issuer.status.model import (
    NoHistory,
    NoSuchForm,
    NoSuchList,
    NotReplaced,
    StatusFinal,
    UnknownCredential,
)
from issuer.status.publishing import FORMS
from issuer.types.model import NoSuchType
from madang.access import errors as access
from madang.access.authorization import errors as authorization
from madang.access.authorization.model import AuthorizationRefused
from madang.core.protocol.error_body import printable
from madang.core.protocol.oauth.errors import OAuthError
from madang.core.protocol.oid4vci.errors import CredentialError
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.trust.did.errors import DidError
from madang.infra.hsm import HsmError
from madang.infra.key_ring import NoActiveKey
from madang.infra.receipts import LogNotBelieved
from madang.infra.web.errors import Refusal, Table

_NOT_FOUND = frozenset({OfferCode.PROOFING_UNKNOWN, OfferCode.OFFER_UNKNOWN})
_CONFLICT = frozenset(
    {
        OfferCode.PRESENTATION_USED,
        OfferCode.DIGITAL_ID_UNKNOWN,
        OfferCode.DIGITAL_ID_NOT_VALID,
        OfferCode.OFFER_ISSUED,
        OfferCode.OFFER_TOO_OLD,
    }
)


def _oauth(error: OAuthError) -> Refusal:
    return Refusal(error.status, error.code, f"token.{error.code}", printable(error.description))


def _credential(error: CredentialError) -> Refusal:
    detail = printable(error.description)
    return Refusal(error.status, error.code, f"credential.{error.code}", detail)


def _offer(error: OfferRefused) -> Refusal:
    status = 404 if error.code in _NOT_FOUND else 409 if error.code in _CONFLICT else 400
    return Refusal(status, error.code, f"offer.refused.{error.code}")


def _nothing(error: NothingToCertify) -> Refusal:
    return Refusal(409, "nothing_to_certify", "offer.refused.nothing_to_certify", error.type_id)


TABLE: Table = {
    **access.TABLE,
    **authorization.TABLE,
    OAuthError: _oauth,
    CredentialError: _credential,
    MalformedCall: lambda error: Refusal(400, "invalid_request", "request.malformed", str(error)),
    NotInRegister: lambda _: Refusal(404, "not_in_register", "proofing.refused.not_in_register"),
    OfferRefused: _offer,
    NoSuchOffer: lambda _: Refusal(404, "not_found", "offer.refused.reference_unknown"),
    NoSuchDeferral: lambda _: Refusal(404, "not_found", "deferral.refused.unknown"),
    AlreadyDecided: lambda _: Refusal(409, "already_decided", "deferral.refused.decided"),
    NothingToCertify: _nothing,
    AuthorizationRefused: lambda error: Refusal(
        404, "log_in_over", f"authorization.refused.{error.code}"
    ),
    TooManyTries: lambda _: Refusal(429, "log_in_tries", "log_in.refused.too_many_tries"),
    NotKnownYet: lambda _: Refusal(409, "log_in_first", "log_in.refused.not_known"),
    NothingToGive: lambda _: Refusal(409, "log_in_nothing", "log_in.refused.nothing_to_give"),
    NoProvider: lambda _: Refusal(404, "not_found"),
    NoSuchWay: lambda _: Refusal(404, "not_found"),
    OpenIdError: lambda error: Refusal(400, "invalid_request", f"log_in.refused.{error.code}"),
    NotAccredited: lambda error: Refusal(
        503, error.code, f"accreditation.{error.code}", printable(str(error))
    ),
    UnknownCredential: lambda _: Refusal(404, "not_found", "status.refused.unknown_credential"),
    StatusFinal: lambda _: Refusal(409, "status_final", "status.refused.final"),
    NotReplaced: lambda _: Refusal(409, "not_replaced", "status.refused.not_replaced"),
    NoSuchList: lambda _: Refusal(404, "not_found"),
    NoHistory: lambda _: Refusal(501, "not_implemented", detail="lists of the past are not told"),
    NoSuchForm: lambda _: Refusal(406, "not_acceptable", detail=" or ".join(FORMS)),
    NoSuchType: lambda _: Refusal(404, "not_found"),
    # A key is given up and the next one not active yet, or a hardware module is away.
    NoActiveKey: lambda _: Refusal(503, "temporarily_unavailable", "key.none_active"),
    HsmError: lambda _: Refusal(503, "temporarily_unavailable", "key.module_away"),
    # An issuer whose address is none for did:web has no DID.
    DidError: lambda _: Refusal(404, "not_found"),
    LogNotBelieved: lambda _: Refusal(503, "temporarily_unavailable", "receipts.log_not_believed"),
}
"""Every error that a route of the issuer raises."""

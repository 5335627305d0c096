"""The credential request and the fetching of what was put off, each as one transaction.

Steps, in this order: 1. the access token is for something offered; 2. the nonce is used up; 3. the
token is for this type, and the proofs are what it asks for; 4. a repeated request gets the kept
copies; 5. a type is fetched once in each format, and again only to the same keys; 6. what a clerk
has to approve is put off; 7. the keys may hold it for this person; 8. claims, places, copies,
records, log entries, kept answer, journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from issuer.issuance.copies import (
    Copies,
    Desk,
    GrantedOffers,
    Order,
    Shelf,
    check_again,
    check_binding,
    issue,
    kept_copies,
)
from issuer.issuance.deferral import Deferral, Deferrals, DeferralState
from issuer.issuance.model import denied, grant_gone, insufficient_scope, invalid_transaction_id
from issuer.issuance.proofs import ProvedKeys
from issuer.offers.model import Granted
from issuer.types.model import Configuration, ConfigurationId
from issuer.work import Work
from madang.access.authorization.model import Authorized
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.protocol.oid4vci.errors import (
    CredentialCode,
    CredentialError,
    invalid_credential_request,
)

TRANSACTION_BYTES: Final = 18
Known = Mapping[ConfigurationId, Configuration]
"""The credential configurations of a municipality."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and what it is good for."""

    text: str
    authorized: Authorized


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked credential request.

    Attributes:
        token: the access token.
        configuration: the certificate type and its format.
        keys: proved holder keys.
    """

    token: Token
    configuration: Configuration
    keys: ProvedKeys


@dataclass(frozen=True, slots=True)
class PutOff:
    """A clerk has to approve first.

    Attributes:
        transaction_id: by which the wallet asks again.
    """

    transaction_id: str


def named_configuration(
    request: CredentialRequest, authorized: Authorized, known: Known
) -> Configuration:
    """Return the configuration that a request names.

    Raises:
        CredentialError: unknown_credential_identifier, unknown_credential_configuration, or
            invalid_credential_request where the token gives this an identifier to ask by.
        TokenRefused: insufficient_scope.
    """
    name = request.configuration_id
    if request.identifier is not None:
        name = authorized.identifiers.get(request.identifier)
        if name is None:
            told = "the token's authorization_details name no such credential_identifier"
            raise CredentialError(CredentialCode.UNKNOWN_IDENTIFIER, told)
    found = known.get(ConfigurationId(str(name)))
    if found is None:
        told = "this issuer's metadata names no such credential configuration"
        raise CredentialError(CredentialCode.UNKNOWN_CONFIGURATION, told)
    # Beside it there may be others that were granted by scope, and have none (section 8.2).
    if request.identifier is None and name in authorized.identifiers.values():
        told = "the token's authorization_details say to ask by credential_identifier"
        raise invalid_credential_request(told)
    if name not in authorized.configurations:
        raise insufficient_scope(authorized)
    return found


def granted(work: Work, offers: GrantedOffers, authorized: Authorized) -> Granted:
    """Return what an access token is for; TokenRefused("invalid_token") if it was taken back."""
    found = offers.get(work.tenant, authorized.grant)
    if not isinstance(found, Granted):
        raise grant_gone(authorized)
    return found


def answer_request(
    work: Work, shelf: Shelf, deferrals: Deferrals, desk: Desk, asked: Asked
) -> Copies | PutOff:
    """Return one copy for each key, in the order of the proofs, or put it off.

    Raises:
        TokenRefused: the token is not good any more, or not for this type.
        CredentialError: invalid_nonce, invalid_proof or credential_request_denied.
    """
    authorized, wanted = asked.token.authorized, asked.configuration
    offer = granted(work, shelf.offers, authorized)
    desk.nonces.consume(work, shelf.nonces, asked.keys.nonce)
    entitlement = offer.entitlement
    if wanted.type.id not in entitlement.types:
        raise insufficient_scope(authorized)
    asked.keys.meant_for(wanted, desk.rules, authorized.client_id)
    order = Order(offer, wanted, asked.keys.by_thumbprint, asked.token.text, authorized)
    kept = kept_copies(work, shelf, desk, order)
    if kept is not None:
        return kept
    if wanted.id in entitlement.issued:
        check_again(work, shelf, desk, order)
    elif entitlement.approval or desk.rules.approval(wanted.type.id):
        check_binding(work, shelf.records, entitlement, wanted, order.keys)
        return _put_off(work, deferrals, order)
    return issue(work, shelf, desk, order)


def _put_off(work: Work, deferrals: Deferrals, order: Order) -> PutOff:
    """Begin a transaction in which a clerk decides; a repeated request gets the same."""
    offer, configuration = order.offer.entitlement.id, order.wanted.id
    found = deferrals.of(work.tenant, offer, configuration)
    if found is None:
        found = Deferral(
            id=work.ids.token(TRANSACTION_BYTES),
            offer=offer,
            configuration=configuration,
            keys=tuple(order.keys.values()),
            state=DeferralState.WAITING,
            asked_at=work.now,
        )
        deferrals.keep(work.tenant, found)
        work.note("credential.deferred", found.id)
    if found.state is DeferralState.REFUSED:
        raise denied("the office has refused this certificate; ask the counter")
    if found.holders.keys() != order.keys.keys():
        raise denied("this certificate was asked for with other keys before; ask the counter")
    return PutOff(found.id)


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """A request for what was put off.

    Attributes:
        token: the access token.
        transaction_id: as it came.
        known: the credential configurations of the municipality.
    """

    token: Token
    transaction_id: str
    known: Known


def fetch_deferred(
    work: Work, shelf: Shelf, deferrals: Deferrals, desk: Desk, asked: AskedAgain
) -> Copies | PutOff:
    """Return what was put off, if a clerk has approved it (section 9).

    Raises:
        TokenRefused: the token is not good any more.
        CredentialError: invalid_transaction_id or credential_request_denied.
    """
    authorized = asked.token.authorized
    offer = granted(work, shelf.offers, authorized)
    found = deferrals.get(work.tenant, asked.transaction_id)
    if found is None or found.offer != authorized.grant or found.state is DeferralState.ISSUED:
        raise invalid_transaction_id()
    if found.configuration not in authorized.configurations:
        raise invalid_transaction_id()
    if found.state is DeferralState.REFUSED:
        raise denied("the office has refused this certificate; ask the counter")
    if found.state is DeferralState.WAITING:
        return PutOff(found.id)
    wanted = asked.known.get(found.configuration)
    if wanted is None:
        raise denied("this certificate is not issued here any more; ask the counter")
    deferrals.keep(work.tenant, found.issued())
    order = Order(offer, wanted, found.holders, asked.token.text, authorized)
    return issue(work, shelf, desk, order)

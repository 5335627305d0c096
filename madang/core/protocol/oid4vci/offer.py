"""The credential offer and its link (OpenID4VCI 1.0 section 4.1)."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from madang.core.encoding import strict_json
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, read_json
from madang.core.protocol.oauth.names import (
    PRE_AUTHORIZED_CODE,
    PRE_AUTHORIZED_CODE_GRANT,
    PreAuthorizedCode,
)
from madang.core.protocol.oid4vci.errors import invalid_offer
from madang.core.protocol.urls import is_web_address

OFFER_SCHEME = "openid-credential-offer"
HAIP_SCHEME = "haip-vci"


class TxCode(Message):
    """Presence alone, even when empty, asks for a transaction code (section 4.1.1)."""

    input_mode: Literal["numeric", "text"] = "numeric"
    length: Annotated[int, Field(gt=0)] | None = None
    description: Annotated[str, Field(max_length=300)] | None = None


class PreAuthorizedGrant(Message):
    """What a wallet needs for the pre-authorized code grant (section 4.1.1)."""

    pre_authorized_code: Annotated[
        PreAuthorizedCode, Field(alias=PRE_AUTHORIZED_CODE, min_length=1)
    ]
    tx_code: TxCode | None = None
    authorization_server: str | None = None


class AuthorizationCodeGrant(Message):
    """What a wallet needs for the authorization code grant (section 4.1.1)."""

    issuer_state: str | None = None
    authorization_server: str | None = None


class Grants(Message):
    """The grants an offer is good for; others than these are ignored."""

    authorization_code: AuthorizationCodeGrant | None = None
    pre_authorized: Annotated[PreAuthorizedGrant | None, Field(alias=PRE_AUTHORIZED_CODE_GRANT)] = (
        None
    )


class CredentialOffer(Message):
    """An offer of certain credentials by one issuer (section 4.1.1)."""

    credential_issuer: str
    credential_configuration_ids: Annotated[Array[str], Field(min_length=1)]
    grants: Grants | None = None

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = self.credential_configuration_ids
        if len(set(ids)) < len(ids):
            raise ValueError("credential_configuration_ids must not repeat an id")
        return self

    @property
    def pre_authorized(self) -> PreAuthorizedGrant | None:
        """The pre-authorized code grant, if it is offered."""
        return None if self.grants is None else self.grants.pre_authorized

    @property
    def authorization_code(self) -> AuthorizationCodeGrant | None:
        """The authorization code grant, if it is offered."""
        return None if self.grants is None else self.grants.authorization_code

    def to_uri(self, *, scheme: str = OFFER_SCHEME) -> str:
        """Return the link that carries the offer by value (section 4.1.2)."""
        return f"{scheme}://?{encode_form({'credential_offer': strict_json.dumps(self.to_json())})}"


@dataclass(frozen=True, slots=True)
class OfferReference:
    """An offer to be fetched by GET as ``application/json`` (section 4.1.3)."""

    uri: str

    def to_uri(self, *, scheme: str = OFFER_SCHEME) -> str:
        """Return the link that carries the offer by reference (section 4.1.3)."""
        return f"{scheme}://?{encode_form({'credential_offer_uri': self.uri})}"


def authorization_offer(
    issuer: str, configuration_ids: tuple[str, ...], issuer_state: str | None = None
) -> CredentialOffer:
    """Build an offer for which the person logs in at the issuer."""
    grant = AuthorizationCodeGrant(issuer_state=issuer_state)
    return CredentialOffer(
        credential_issuer=issuer,
        credential_configuration_ids=configuration_ids,
        grants=Grants(authorization_code=grant),
    )


def pre_authorized_offer(
    issuer: str,
    configuration_ids: tuple[str, ...],
    code: PreAuthorizedCode,
    *,
    tx_code: TxCode | None = None,
) -> CredentialOffer:
    """Build the offer that a counter shows."""
    grant = PreAuthorizedGrant(pre_authorized_code=code, tx_code=tx_code)
    return CredentialOffer(
        credential_issuer=issuer,
        credential_configuration_ids=configuration_ids,
        grants=Grants(pre_authorized=grant),
    )


def parse_offer(
    data: bytes | str, *, allow_loopback_http: bool = False, limits: Limits = DEFAULT_LIMITS
) -> CredentialOffer:
    """Read the JSON of an offer.

    Nothing in an offer is authenticated: what it names must be fetched and checked as if the wallet
    had started by itself (section 13).

    Raises:
        Oid4vciError: ``invalid_offer``.
    """
    offer = read_json(CredentialOffer, data, limits, invalid_offer)
    if len(offer.credential_configuration_ids) > limits.configurations:
        raise invalid_offer(f"more than {limits.configurations} credentials are offered at once")
    if not is_web_address(offer.credential_issuer, allow_loopback_http=allow_loopback_http):
        raise invalid_offer("credential_issuer should be an absolute https address")
    return offer


def parse_offer_uri(
    uri: str, *, allow_loopback_http: bool = False, limits: Limits = DEFAULT_LIMITS
) -> CredentialOffer | OfferReference:
    """Read the link of an offer, by value or by reference (sections 4.1.2 and 4.1.3).

    Raises:
        Oid4vciError: ``invalid_offer``.
    """
    if len(uri) > limits.uri_chars:
        raise invalid_offer(f"the link is longer than {limits.uri_chars} characters")
    form = parse_form(_query(uri), limits=limits, refuse=invalid_offer)
    by_value, reference = form.get("credential_offer"), form.get("credential_offer_uri")
    if by_value is not None and reference is None:
        return parse_offer(by_value, allow_loopback_http=allow_loopback_http, limits=limits)
    if reference is None or by_value is not None:
        raise invalid_offer("exactly one of credential_offer and credential_offer_uri is needed")
    if not is_web_address(reference, allow_loopback_http=allow_loopback_http):
        raise invalid_offer("credential_offer_uri should be an absolute https address")
    return OfferReference(reference)


def _query(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise invalid_offer("the link cannot be read") from None
    if parts.scheme not in (OFFER_SCHEME, HAIP_SCHEME):
        raise invalid_offer(f"the link should begin with {OFFER_SCHEME}:// or {HAIP_SCHEME}://")
    return parts.query

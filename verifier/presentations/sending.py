"""The request on its way: as a link, fetched from where the link says, or by the browser's API."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, cast

from madang.core.encoding import base64url
from madang.core.formats.mdoc.agreement import JwkAgreement
from madang.core.protocol.form import encode_form
from madang.core.protocol.oid4vp import dc_api
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.client_id import Prefix, parse_client_id
from madang.core.protocol.oid4vp.dc_api import ApiRequest
from madang.core.protocol.oid4vp.request import (
    Delivery,
    RequestObject,
    ResponseMode,
    Session,
    build_request,
    encrypted,
)
from madang.core.protocol.oid4vp.request_form import RequestForm
from madang.core.protocol.oid4vp.request_link import to_parameters
from madang.core.protocol.oid4vp.verifier_info import Registration
from madang.infra.tenancy import Addresses
from verifier.presentations.clients import Clients
from verifier.presentations.model import Open, Terms
from verifier.presentations.opening import Opener, query_of
from verifier.presentations.personal import may_name_values

HAIP_SCHEME: Final = "haip-vp://"
PLAIN_SCHEME: Final = "openid4vp://"
_ANYWHERE: Final = "https://verifier.example/response"
_FORMS_KEPT: Final = 256
_PUBLIC: Final = ("kty", "crv", "x", "y", "kid")


class Channel(StrEnum):
    """On which way a request went out, and its answer has to come back."""

    LINK = "link"
    SAME_DEVICE = "same_device"
    API = "api"


@dataclass(frozen=True, slots=True)
class Sender:
    """Makes requests, the same for a presentation and a way whenever it is asked for.

    Attributes:
        endpoint: what links begin with; empty for the schemes of the specifications.
    """

    opener: Opener
    clients: Clients
    addresses: Addresses
    endpoint: str = ""

    def link(self, presentation: Open, channel: Channel, *, now: int) -> str:
        """Return the link that a wallet reads (sections 5.7 and 5.10); errors as `request`."""
        terms = presentation.terms
        client_id = self._client_id(terms, channel)
        if not terms.manner.by_value:
            parameters: Mapping[str, str | None]
            base = f"{self._base(terms)}/request/{terms.id}"
            post = terms.manner.request_uri_method == "post"
            parameters = {
                "client_id": client_id,
                "request_uri": base if channel is Channel.LINK else f"{base}/here",
                "request_uri_method": "post" if post else None,
            }
        elif _prefix(terms) is Prefix.REDIRECT_URI:
            parameters = to_parameters(self._request(presentation, channel, now))
        else:
            compact = self.request(presentation, channel, wallet_nonce=None, now=now)
            parameters = {"client_id": client_id, "request": compact}
        return f"{self._scheme(terms)}?{encode_form(parameters)}"

    def _scheme(self, terms: Terms) -> str:
        haip = terms.manner.response_mode == "direct_post.jwt" and not terms.manner.by_value
        scheme = HAIP_SCHEME if haip and _prefix(terms) is Prefix.X509_HASH else PLAIN_SCHEME
        return self.endpoint or scheme

    def request(
        self, presentation: Open, channel: Channel, *, wallet_nonce: str | None, now: int
    ) -> str:
        """Return the signed request object.

        Raises:
            PurposeError: the municipality is not registered any more, or suspended.
            SnapshotError: as `Opener.purpose`.
        """
        terms, uri = presentation.terms, self.response_uri(presentation.terms, channel)
        registered = self.opener.registration(terms.tenant, terms.purpose, terms.query, now=now)
        personal = terms.manner.transaction_data or may_name_values(terms.query)
        form = (_form if personal else _kept_form)(
            terms.client_id,
            terms.query,
            mode_of(terms, channel),
            terms.manner.transaction_data,
            None if registered is None else (registered.verifier, registered.purpose),
            () if registered is None else tuple(registered.texts.items()),
        )
        payload = form.payload(_session(presentation), uri, wallet_nonce=wallet_nonce)
        return self.clients.sign(payload, form.client_id, terms.tenant)

    def api_request(self, presentation: Open, *, now: int) -> ApiRequest:
        """Return what the browser is asked; errors as `request`."""
        request = self._request(presentation, Channel.API, now)
        terms = presentation.terms
        if _prefix(terms) is Prefix.REDIRECT_URI:
            return dc_api.unsigned(request)
        return self.clients.for_api(request, terms.tenant, _prefix(terms))

    def _request(self, presentation: Open, channel: Channel, now: int) -> RequestObject:
        terms, mode = presentation.terms, mode_of(presentation.terms, channel)
        query = terms.query
        registration = self.opener.registration(terms.tenant, terms.purpose, query, now=now)
        api, prefix = channel is Channel.API, _prefix(terms)
        unsigned_api = api and prefix is Prefix.REDIRECT_URI
        return build_request(
            None if unsigned_api else parse_client_id(self._client_id(terms, channel)),
            query_of(query),
            _session(presentation),
            Delivery(
                mode,
                None if api else self.response_uri(terms, channel),
                (self.origin(terms.tenant),) if api and not unsigned_api else (),
            ),
            transaction_data=terms.manner.transaction_data,
            registration=registration,
        )

    def asked(self, presentation: Open, channel: Channel) -> Asked:
        """Return what an answer that came on this way is held against."""
        terms, mode = presentation.terms, mode_of(presentation.terms, channel)
        api = channel is Channel.API
        return Asked(
            query=query_of(terms.query),
            client_id=self._client_id(terms, channel),
            nonce=terms.nonce,
            state=None if api else terms.state,
            response_mode=mode,
            response_uri=None if api else self.response_uri(terms, channel),
            origin=self.origin(terms.tenant) if api else None,
            jwk_thumbprint=base64url.decode(presentation.key["kid"]) if encrypted(mode) else None,
            transaction_data=terms.manner.transaction_data,
            reader=JwkAgreement(presentation.key) if encrypted(mode) else None,
        )

    def origin(self, tenant: str) -> str:
        """Return the origin of the page that calls the browser's API."""
        return self.addresses.origin(tenant, "verifier")

    def response_uri(self, terms: Terms, channel: Channel) -> str:
        """Return where an answer is posted to."""
        address = f"{self._base(terms)}/response/{terms.id}"
        return address if channel is Channel.LINK else f"{address}/here"

    def page(self, terms: Terms, part: str = "") -> str:
        """Return the address of the request's own page, or of one below it."""
        address = f"{self._base(terms)}/present/{terms.id}"
        return f"{address}/{part}" if part else address

    def _base(self, terms: Terms) -> str:
        return self.addresses.identifier(terms.tenant, "verifier")

    def _client_id(self, terms: Terms, channel: Channel) -> str:
        """Return the identifier; that of a `redirect_uri` client is where its answer goes."""
        if _prefix(terms) is not Prefix.REDIRECT_URI:
            return terms.client_id
        unsigned = f"{Prefix.REDIRECT_URI}:{self.response_uri(terms, channel)}"
        return "" if channel is Channel.API else unsigned


def _session(presentation: Open) -> Session:
    terms, key = presentation.terms, presentation.key
    public = {name: key[name] for name in _PUBLIC}
    return Session(terms.nonce, terms.state, public, terms.issued_at, terms.expires_at)


def _form(
    client_id: str,
    query: str,
    mode: ResponseMode,
    transaction_data: tuple[str, ...],
    registered: tuple[str, str] | None,
    texts: tuple[tuple[str, str], ...],
) -> RequestForm:
    """Return the form of all signed requests by link that ask the same for the same purpose."""
    return RequestForm.of(
        parse_client_id(client_id),
        query_of(query),
        Delivery(mode, _ANYWHERE),
        transaction_data=transaction_data,
        registration=None if registered is None else Registration(*registered, dict(texts)),
    )


_kept_form: Final = lru_cache(maxsize=_FORMS_KEPT)(_form)


def mode_of(terms: Terms, channel: Channel) -> ResponseMode:
    """Return the response mode on a way: encrypted on the one as on the other."""
    mode = terms.manner.response_mode
    family = "dc_api" if channel is Channel.API else "direct_post"
    return cast("ResponseMode", f"{family}.jwt" if mode.endswith(".jwt") else family)


def _prefix(terms: Terms) -> Prefix:
    return Prefix(terms.client_id.partition(":")[0])

"""Receive certificates: OpenID4VCI 1.0 from the wallet's side, pre-authorized code flow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.formats.sd_jwt import vc
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.key_binding import holder_key
from madang.core.formats.sd_jwt.model import SdJwt, parse
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.oauth.errors import OAuthError, parse_error
from madang.core.protocol.oauth.metadata import parse_server_metadata
from madang.core.protocol.oauth.token import TokenRequest, parse_token_response
from madang.core.protocol.oid4vci.credential import (
    CredentialRequest,
    parse_credential_response,
    parse_nonce_response,
)
from madang.core.protocol.oid4vci.errors import Oid4vciError
from madang.core.protocol.oid4vci.metadata import CredentialConfiguration, IssuerMetadata
from madang.core.protocol.oid4vci.metadata import parse_issuer_metadata as parse_metadata
from madang.core.protocol.oid4vci.offer import (
    CredentialOffer,
    OfferReference,
    parse_offer,
    parse_offer_uri,
)
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.core.protocol.urls import WellKnown, well_known
from madang.core.trust.model import TrustList
from madang.core.trust.registry import TrustError
from mobile_stub.accreditations import Accreditations
from mobile_stub.adapters.network import Network, Reply
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy, Scan
from mobile_stub.type_documents import TypeDocuments

OK = 200
FORM = "application/x-www-form-urlencoded"


class Keeper(Protocol):
    """What receiving needs of the vault."""

    def signers(self, count: int) -> Sequence[Signer]:
        """Return the first `count` holder keys."""
        ...

    def keep(self, copies: list[HeldCopy]) -> None:
        """Keep copies, all or none."""
        ...

    def keep_scan(self, scan: Scan) -> None:
        """Keep what was scanned until it is done."""
        ...


@dataclass(frozen=True, slots=True)
class Receiver:
    """Fetches what was offered.

    Attributes:
        network: HTTP.
        vault: keys and certificates.
        accreditations: who may issue what.
        copies: how many copies to ask for.
        allow_loopback_http: for a first run.
    """

    network: Network
    vault: Keeper
    accreditations: Accreditations
    copies: int
    allow_loopback_http: bool

    async def preview(self, link: str, now: int) -> dict[str, Any]:
        """Return what an offer is about, from the issuer's own metadata.

        Raises:
            WalletError: the offer or the metadata cannot be used, or the issuer is not accredited.
        """
        offer = await self._offer(link)
        metadata = await self._metadata(offer.credential_issuer)
        await self._accredited(offer.credential_issuer, _wanted(metadata, offer), now)
        grant = offer.pre_authorized
        if grant is None:
            raise WalletError("grant_not_supported", "the offer has no pre-authorized code")
        return {
            "issuer": offer.credential_issuer,
            "certificates": {name: _names(each) for name, each in _wanted(metadata, offer).items()},
            "needs_code": grant.tx_code is not None,
        }

    async def accept(self, scan: Scan, tx_code: str | None, now: int) -> list[dict[str, Any]]:
        """Fetch everything that was offered; goes on where an earlier try was cut off.

        Raises:
            WalletError: the issuer refused, or what came is not what was offered.
        """
        offer = await self._offer(scan.link)
        metadata = await self._metadata(offer.credential_issuer)
        wanted = _wanted(metadata, offer)
        if (offer.credential_issuer, {*wanted}) != _shown(scan.preview):
            raise WalletError("offer_changed", "the offer is not the one that was shown")
        trust = await self._accredited(offer.credential_issuer, wanted, now)
        token = scan.progress.get("access_token")
        if token is None:
            token = await self._token(offer, tx_code)
            scan = replace(scan, progress={**scan.progress, "access_token": token})
            self.vault.keep_scan(scan)
        results = []
        for identifier in wanted:
            copies = await self._fetch(metadata, identifier, token, trust, now)
            self.vault.keep(copies)
            results.append(
                {"type": identifier, "vct": copies[0].type, "copies": len(copies)}
                | {"digests": [copy.digest for copy in copies]}
            )
        return results

    async def _offer(self, link: str) -> CredentialOffer:
        allow = self.allow_loopback_http
        try:
            offer = parse_offer_uri(link, allow_loopback_http=allow)
            if isinstance(offer, OfferReference):
                reply = _ok(await self.network.get(offer.uri))
                offer = parse_offer(reply.body, allow_loopback_http=allow)
        except ValueError as error:
            raise WalletError("invalid_offer", str(error)) from error
        return offer

    async def _metadata(self, issuer: str) -> IssuerMetadata:
        address = well_known(issuer, WellKnown.CREDENTIAL_ISSUER)
        reply = _ok(await self.network.get(address))
        try:
            return parse_metadata(
                reply.body, issuer=issuer, allow_loopback_http=self.allow_loopback_http
            )
        except ValueError as error:
            raise WalletError("invalid_metadata", str(error)) from error

    async def _token(self, offer: CredentialOffer, tx_code: str | None) -> str:
        issuer = offer.credential_issuer
        address = well_known(issuer, WellKnown.AUTHORIZATION_SERVER)
        grant = offer.pre_authorized
        if grant is None:
            raise WalletError("grant_not_supported", "the offer has no pre-authorized code")
        try:
            server = parse_server_metadata(
                _ok(await self.network.get(address)).body,
                issuer=issuer,
                allow_loopback_http=self.allow_loopback_http,
            )
            request = TokenRequest(grant.pre_authorized_code, tx_code)
            reply = await self.network.post(server.token_endpoint, request.to_form(), FORM)
            if reply.status != OK:
                raise _refused(reply)
            return str(parse_token_response(reply.body).access_token)
        except OAuthError as error:
            raise WalletError(str(error.code), str(error)) from error

    async def _accredited(
        self, issuer: str, wanted: Mapping[str, CredentialConfiguration], now: int
    ) -> TrustList:
        """Return what keys are trusted, for an issuer that may issue all of this.

        A holder key is shown to nobody else: copies for a stranger would make it known.
        """
        registry = await self.accreditations.registry(now)
        try:
            for configuration in wanted.values():
                registry.issuer(issuer, str(configuration.vct), at=now, now=now)
        except TrustError as error:
            raise WalletError(error.code, f"{issuer}: {error}; nothing is fetched there") from error
        return TrustList(registry, {})

    async def _fetch(
        self, metadata: IssuerMetadata, identifier: str, token: str, trust: TrustList, now: int
    ) -> list[HeldCopy]:
        configuration = _configuration(metadata, identifier)
        batch = metadata.batch_credential_issuance
        signers = self.vault.signers(min(self.copies, batch.batch_size if batch else 1))
        nonce = await self.nonce(metadata)
        issuer = metadata.credential_issuer
        proofs = tuple(make_proof_jwt(signer, issuer, nonce, now) for signer in signers)
        request = CredentialRequest(identifier, None, proofs)
        reply = await self.network.post(
            metadata.credential_endpoint,
            strict_json.dumps(request.to_json()),
            "application/json",
            {"authorization": f"Bearer {token}"},
        )
        try:
            if reply.status != OK:
                raise _refused(reply)
            response = parse_credential_response(reply.body)
        except (OAuthError, Oid4vciError) as error:
            raise WalletError(str(error.code), str(error)) from error
        texts = [copy.credential for copy in response.credentials or ()]
        if len(texts) != len(signers):
            raise WalletError("wrong_number", f"{len(texts)} copies came, not {len(signers)}")
        copies = [
            _checked(text, issuer, configuration, signer.public_key, number, trust, now)
            for number, (text, signer) in enumerate(zip(texts, signers, strict=True))
        ]
        types = TypeDocuments(self.network, self.allow_loopback_http)
        await types.hold([parse(copy.credential) for copy in copies])
        return copies

    async def nonce(self, metadata: IssuerMetadata) -> str | None:
        """Return a fresh nonce of the issuer, None where it has no nonce endpoint."""
        if metadata.nonce_endpoint is None:
            return None
        reply = _ok(await self.network.post(metadata.nonce_endpoint, b"", "application/json"))
        try:
            return parse_nonce_response(reply.body).c_nonce
        except Oid4vciError as error:
            raise WalletError(str(error.code), str(error)) from error

    async def metadata(self, issuer: str) -> IssuerMetadata:
        """Return an issuer's metadata."""
        return await self._metadata(issuer)


def _checked(
    text: str,
    issuer: str,
    configuration: CredentialConfiguration,
    key: PublicKey,
    number: int,
    trust: TrustList,
    now: int,
) -> HeldCopy:
    """Hold a new copy against what was offered; the issuer may err, or be another."""
    try:
        parsed = parse(text)
        vct = str(configuration.vct)
        expected = vc.Expectation(vct=(vct,), issuer=issuer)
        issuer_key = _issuer_key(parsed, vct, issuer, trust, now)
        verdict = vc.verify_vc(parsed, expected, issuer_key=issuer_key, now=now)
        bound = holder_key(verdict.claims) == key
    except (SdJwtError, KeyFormatError) as error:
        raise WalletError("credential_malformed", str(error)) from error
    if not verdict.ok:
        codes = ", ".join(failure.code for failure in verdict.failures)
        raise WalletError("credential_refused", f"what the issuer sent does not hold: {codes}")
    if parsed.key_binding is not None:
        raise WalletError("credential_refused", "it came with a key binding")
    if not bound:
        raise WalletError("credential_refused", "it is bound to another key")
    digest = base64url.encode(parsed.issuer_digest)
    return HeldCopy(digest, issuer, SD_JWT_VC, vct, number, text, _names(configuration))


def _issuer_key(parsed: SdJwt, vct: str, issuer: str, trust: TrustList, now: int) -> PublicKey:
    try:
        chain = jws.decode_chain(parsed.issuer_jws.header)
        return trust.issuer_key(vct, issuer, chain, at=now, now=now)
    except (TrustError, EnvelopeError) as error:
        raise WalletError("issuer_not_trusted", str(error)) from error


def _shown(preview: Mapping[str, Any]) -> tuple[str, set[str]]:
    """Return what a preview said of an offer, which may have been fetched again since."""
    return preview["issuer"], set(preview["certificates"])


def _wanted(metadata: IssuerMetadata, offer: CredentialOffer) -> dict[str, CredentialConfiguration]:
    """Return those of the offered configurations whose format this wallet can hold."""
    offered = {
        identifier: _configuration(metadata, identifier)
        for identifier in offer.credential_configuration_ids
    }
    found = {name: each for name, each in offered.items() if each.format == SD_JWT_VC}
    if not found:
        raise WalletError("format_not_supported", f"nothing offered has the format {SD_JWT_VC}")
    return found


def _configuration(metadata: IssuerMetadata, identifier: str) -> CredentialConfiguration:
    found = metadata.credential_configurations_supported.get(identifier)
    if found is None:
        raise WalletError("unknown_configuration", f"the issuer does not list {identifier}")
    return found


def _names(configuration: CredentialConfiguration) -> dict[str, str]:
    metadata = configuration.credential_metadata
    displays = metadata.display if metadata is not None else None
    return {display.locale or "": display.name or "" for display in displays or ()}


def _ok(reply: Reply) -> Reply:
    if reply.status != OK:
        raise WalletError("unexpected_answer", f"the other side answered {reply.status}")
    return reply


def _refused(reply: Reply) -> WalletError:
    error = parse_error(reply.body, reply.status)
    return WalletError(str(error.code), str(error))

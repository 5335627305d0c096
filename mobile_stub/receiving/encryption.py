"""Encrypted requests and answers (OpenID4VCI 1.0 section 10), wherever the issuer offers them."""

from collections.abc import Mapping
from dataclasses import dataclass

from madang.core.encoding import strict_json
from madang.core.encoding.strict_json import Json
from madang.core.protocol.oid4vci.encryption import (
    ResponseEncryption,
    open_response,
    seal_request,
    wanted_encryption,
)
from madang.core.protocol.oid4vci.errors import Oid4vciError
from madang.core.protocol.oid4vci.metadata import IssuerMetadata
from madang.core.protocol.oid4vci.names import JSON_MEDIA_TYPE, JWT_MEDIA_TYPE
from mobile_stub.adapters import system
from mobile_stub.adapters.network import Reply
from mobile_stub.errors import WalletError


@dataclass(frozen=True, slots=True)
class Envelope:
    """How one request goes and its answer comes; made anew for every request.

    Attributes:
        metadata: the issuer's, with its key; None for a request in clear.
        wanted: what the request says of its answer, None for an answer in clear.
        own: the private JWK for the answer.
    """

    metadata: IssuerMetadata | None = None
    wanted: ResponseEncryption | None = None
    own: Mapping[str, str] | None = None

    def sealed(self, body: Mapping[str, Json]) -> tuple[str, str]:
        """Return the body as it is sent and its media type."""
        if self.metadata is None:
            return strict_json.dumps(dict(body)), JSON_MEDIA_TYPE
        asked: dict[str, Json] = (
            {} if self.wanted is None else {"credential_response_encryption": self.wanted.to_json()}
        )
        return seal_request({**body, **asked}, self.metadata), JWT_MEDIA_TYPE

    def opened(self, reply: Reply) -> bytes:
        """Return the answer in clear.

        Raises:
            WalletError: answer_not_encrypted, where that was asked for.
            Oid4vciError: it cannot be decrypted.
        """
        if self.own is None:
            return reply.body
        if reply.media_type != JWT_MEDIA_TYPE:
            raise WalletError(
                "answer_not_encrypted",
                f"the issuer answered in {reply.media_type or 'no media type'} where an encrypted"
                f" answer ({JWT_MEDIA_TYPE}) was asked for; nothing of it is kept",
            )
        return open_response(reply.body.strip(), self.own)


def envelope(metadata: IssuerMetadata) -> Envelope:
    """Return how to write to an issuer: encrypted wherever it offers what the wallet knows.

    Raises:
        WalletError: encryption_not_possible, where the issuer requires what the wallet lacks.
    """
    request = metadata.credential_request_encryption
    response = metadata.credential_response_encryption
    answer_required = response is not None and response.encryption_required
    try:
        seal_request({}, metadata)
    except Oid4vciError as error:
        if answer_required or (request is not None and request.encryption_required):
            raise _impossible(error) from error
        return Envelope()
    own = system.encryption_key()
    public: dict[str, Json] = dict(system.public_of(own))
    try:
        return Envelope(metadata, wanted_encryption(metadata, public), own)
    except Oid4vciError as error:
        if answer_required:
            raise _impossible(error) from error
        return Envelope(metadata)


def _impossible(error: Oid4vciError) -> WalletError:
    return WalletError(
        "encryption_not_possible",
        f"the issuer insists on encryption that is not possible here: {error.description}",
    )

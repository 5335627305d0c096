"""Requests and answers in the clear and encrypted (OpenID4VCI 1.0 section 10)."""

from dataclasses import dataclass

from fastapi import Response
from fastapi.responses import JSONResponse

from issuer.secrets import Secrets
from madang.core.protocol.oid4vci.credential import CredentialResponse
from madang.core.protocol.oid4vci.encryption import ResponseEncryption, open_request, seal_response
from madang.core.protocol.oid4vci.errors import (
    invalid_credential_request,
    invalid_encryption_parameters,
)
from madang.core.protocol.oid4vci.names import JSON_MEDIA_TYPE, JWT_MEDIA_TYPE
from madang.infra.web.errors import NO_STORE

OK, ACCEPTED = 200, 202


@dataclass(frozen=True, slots=True)
class Opened:
    """A request's JSON, and whether it came encrypted."""

    body: bytes
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Wire:
    """Opens requests and seals answers.

    Attributes:
        secrets: gives a municipality's key.
        required: whether everything has to be encrypted.
    """

    secrets: Secrets
    required: bool

    def open(self, tenant: str, media_type: str, body: bytes) -> Opened:
        """Return a request as JSON.

        Raises:
            CredentialError: invalid_encryption_parameters or invalid_credential_request.
        """
        kind = media_type.partition(";")[0].strip().lower()
        if kind == JWT_MEDIA_TYPE:
            key = self.secrets(tenant).decryption
            return Opened(open_request(body, {key["kid"]: key}), encrypted=True)
        if self.required:
            raise invalid_encryption_parameters("requests have to be encrypted here")
        if kind != JSON_MEDIA_TYPE:
            told = f"the body should be {JSON_MEDIA_TYPE}, or {JWT_MEDIA_TYPE} when encrypted"
            raise invalid_credential_request(told)
        return Opened(body, encrypted=False)

    def check(self, wanted: ResponseEncryption | None) -> None:
        """Refuse a request without the means for an encrypted answer where one is required."""
        if self.required and wanted is None:
            raise invalid_encryption_parameters("credential_response_encryption is required here")

    def answer(self, told: CredentialResponse, wanted: ResponseEncryption | None) -> Response:
        """Return the answer: 200 with copies, 202 while it is put off."""
        status = OK if told.credentials is not None else ACCEPTED
        if wanted is None:
            return JSONResponse(told.to_json(), status, NO_STORE)
        sealed = seal_response(told.to_json(), wanted)
        return Response(sealed, status, NO_STORE, media_type=JWT_MEDIA_TYPE)

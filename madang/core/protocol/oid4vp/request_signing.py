"""Signed requests: one signature, or one for each trust framework (OpenID4VP 1.0 5.9.3, A.3.2).

How the key is named depends on the prefix of the client identifier: a chain in ``x5c``, a ``kid``
that is a DID URL, or a verifier attestation in ``jwt``. A ``redirect_uri`` client signs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydantic import JsonValue

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vp.client_id import CERTIFIED, ClientId, Prefix, parse_client_id
from madang.core.protocol.oid4vp.request import REQUEST_TYP, RequestObject
from madang.core.protocol.oid4vp.verifier_info import Registration

HEADERS_KEPT: Final = 256
"""How many protected headers are remembered; all requests of one client begin with the same."""
_OF_EACH_SIGNATURE = frozenset({"client_id", "verifier_info"})
"""What stands in the protected headers of a multi-signed request, and not in its payload."""


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs a request under which identifier.

    Attributes:
        client_id: the identifier of this signature.
        signer: its key; with a certificate chain for ``x509_...``.
        attestation: the verifier attestation for ``verifier_attestation``; None for others.
        registration: the use that is registered in this trust framework, or None.
    """

    client_id: ClientId
    signer: Signer
    attestation: str | None = None
    registration: Registration | None = None

    @property
    def header(self) -> dict[str, Any]:
        """Return what names the key.

        Raises:
            ValueError: the signer lacks what its prefix needs, or the prefix has no signature.
        """
        signer = self.signer
        return _header(self.client_id, signer.key_id, signer.certificate_chain, self.attestation)


def _header(
    client_id: ClientId, key_id: str, chain: tuple[bytes, ...], attestation: str | None
) -> dict[str, Any]:
    prefix = client_id.prefix
    if prefix in CERTIFIED:
        if not chain:
            raise ValueError("the signer has no certificate chain; create one with its key")
        return dict(jws.chain_header(chain))
    if prefix is Prefix.DECENTRALIZED_IDENTIFIER:
        return {"kid": f"{client_id.value}#{key_id.rpartition('#')[2]}"}
    if prefix is Prefix.VERIFIER_ATTESTATION and attestation is not None:
        return {"jwt": attestation}
    raise ValueError(f"a request of {prefix} cannot be signed with what was given")


def sign_request(request: RequestObject, signer: Signer, *, attestation: str | None = None) -> str:
    """Return the signed request object of the client that the request names.

    Args:
        request: with its ``client_id``.
        signer: the client's key.
        attestation: as of ``Signatory``.

    Raises:
        ValueError: as of ``Signatory.header``.
        VpError: the request names no client of a known prefix.
    """
    client_id = parse_client_id(request.client_id or "")
    payload = strict_json.dumps(request.to_json()).encode()
    return sign_payload(payload, client_id, signer, attestation=attestation)


def sign_payload(
    payload: bytes, client_id: ClientId, signer: Signer, *, attestation: str | None = None
) -> str:
    """Return the signed request object of a client whose request is text already.

    Args:
        payload: JSON, with the same ``client_id``.
        client_id: the client.
        signer: its key.
        attestation: as of ``Signatory``.

    Raises:
        ValueError: as of ``Signatory.header``.
    """
    key_id, chain = signer.key_id, signer.certificate_chain
    protected = _protected(client_id, signer.algorithm, key_id, chain, attestation)
    return jws.sign_protected(payload, protected, signer)


@lru_cache(maxsize=HEADERS_KEPT)
def _protected(
    client_id: ClientId,
    algorithm: str,
    key_id: str,
    chain: tuple[bytes, ...],
    attestation: str | None,
) -> str:
    header = _header(client_id, key_id, chain, attestation)
    return jws.protect({"typ": REQUEST_TYP, **header}, algorithm)


def sign_for_each(request: RequestObject, signatories: Sequence[Signatory]) -> dict[str, JsonValue]:
    """Return a multi-signed request: JWS JSON Serialization (appendix A.3.2.2, RFC 7515 7.2.1).

    Args:
        request: by the Digital Credentials API; its own ``client_id`` and ``verifier_info`` are
            left out.
        signatories: at least one.

    Raises:
        ValueError: as of ``Signatory.header``.
    """
    claims = request.to_json()
    shared = {name: value for name, value in claims.items() if name not in _OF_EACH_SIGNATURE}
    payload = strict_json.dumps(shared).encode()
    parts = [_signature(payload, by).split(".") for by in signatories]
    signatures: list[JsonValue] = [
        {"protected": protected, "signature": signature} for protected, _, signature in parts
    ]
    return {"payload": parts[0][1], "signatures": signatures}


def _signature(payload: bytes, by: Signatory) -> str:
    header = {"typ": REQUEST_TYP, **by.header, "client_id": str(by.client_id)}
    if by.registration is not None:
        header["verifier_info"] = [by.registration.attestation().to_json()]
    return jws.sign(payload, header, by.signer)

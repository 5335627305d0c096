"""What a wallet and its provider say to one another (docs/formats/wallet-provider.md).

Every call carries a proof by the key of the wallet's instance, made for that endpoint and for one
nonce of the provider. Keys that are to be attested prove themselves in the same call.
"""

from typing import Annotated, Final

from pydantic import Field

from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import Array, Message, Refusal
from madang.core.protocol.possession import Possession, check_possession, make_possession
from madang.core.protocol.typed_jwt import Window

INSTANCE_PROOF: Final = "wallet-instance-proof+jwt"
"""Type of a proof by the key of an instance."""
KEY_PROOF: Final = "wallet-key-proof+jwt"
"""Type of a proof by a key that is to be attested."""
INSTANCES: Final = "/instances"
REVOCATION: Final = "/instances/revoke"
NONCE: Final = "/nonce"
WALLET_ATTESTATION: Final = "/attestations/wallet"
KEY_ATTESTATION: Final = "/attestations/key"
"""Paths below the provider's identifier."""

_Text = Annotated[str, Field(min_length=1, max_length=DEFAULT_LIMITS.text_chars)]
_Jwt = Annotated[str, Field(min_length=1, max_length=DEFAULT_LIMITS.jwt_bytes)]


class ProviderNonce(Message):
    """Answer of the nonce endpoint.

    Attributes:
        nonce: for the proofs of one call.
        expires_in: seconds.
    """

    nonce: _Text
    expires_in: int


class InstanceCall(Message):
    """A wallet registers the key of its instance.

    Attributes:
        proof: by that key.
    """

    proof: _Jwt


class RegisteredInstance(Message):
    """Answer to a registration.

    Attributes:
        instance: the provider's name for the instance; the holder tells it an administrator.
        revocation_code: with it the holder revokes a wallet whose keys are lost; told once.
        client_id: of the wallet as an OAuth client, the same for all instances.
    """

    instance: _Text
    revocation_code: _Text
    client_id: _Text


class WalletAttestationCall(Message):
    """A wallet wants to be attested to one issuer, under a key that no other issuer sees.

    Attributes:
        proof: by the key of the instance.
        key_proof: by the fresh key that the attestation is to name in `cnf`.
    """

    proof: _Jwt
    key_proof: _Jwt


class KeyAttestationCall(Message):
    """A wallet wants keys attested that a credential is to be bound to.

    Attributes:
        proof: by the key of the instance.
        key_proofs: one by each of the keys, in the order in which they are to be attested.
        nonce: `c_nonce` of the issuer, None when it has no nonce endpoint.
    """

    proof: _Jwt
    key_proofs: Array[_Jwt] = Field(min_length=1, max_length=DEFAULT_LIMITS.proofs)
    nonce: _Text | None = None


class IssuedAttestation(Message):
    """Answer to both.

    Attributes:
        attestation: the signed JWT.
        expires_at: its `exp`, seconds since 1970.
    """

    attestation: _Jwt
    expires_at: int


class RevocationCall(Message):
    """A holder revokes a wallet: with its key, or without it by the code told at registration.

    Attributes:
        proof: by the key of the instance; the other two are not needed then.
        instance: its name.
        revocation_code: as told.
    """

    proof: _Jwt | None = None
    instance: _Text | None = None
    revocation_code: _Text | None = None


def make_proof(signer: Signer, typ: str, *, endpoint: str, nonce: str, issued_at: int) -> str:
    """Return a proof that the signer's key is held.

    Args:
        signer: the key.
        typ: `INSTANCE_PROOF` or `KEY_PROOF`.
        endpoint: the address that is called; the proof's `aud`.
        nonce: of the provider.
        issued_at: seconds since 1970.
    """
    return make_possession(signer, typ=typ, audience=endpoint, nonce=nonce, issued_at=issued_at)


def check_proof(
    compact: str, typ: str, *, endpoint: str, window: Window, refuse: Refusal
) -> Possession:
    """Return the key that is proved and the nonce, which the caller uses up.

    Args:
        compact: the JWT.
        typ: `INSTANCE_PROOF` or `KEY_PROOF`.
        endpoint: the address that was called.
        window: when it counts.
        refuse: makes the error to raise out of a reason; for a proof without a nonce too.
    """
    proved = check_possession(
        compact,
        typ=typ,
        audience=endpoint,
        window=window,
        max_bytes=DEFAULT_LIMITS.jwt_bytes,
        refuse=refuse,
    )
    if proved.nonce is None:
        raise refuse("the claim nonce is missing; the provider's nonce endpoint hands one out")
    return proved

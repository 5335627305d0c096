"""What the provider signs: attestations, and the list that shows which of them still hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.envelope import jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.typed_jwt import sign_typed
from madang.core.status import token_jwt
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import StatusList
from wallet_api.provider.model import Bounds, Place, Statements

WALLET_ATTESTATION = "oauth-client-attestation+jwt"
KEY_ATTESTATION = "key-attestation+jwt"


@dataclass(frozen=True, slots=True)
class Provider:
    """A municipality's provider as it speaks.

    Attributes:
        identifier: its `iss`.
        statements: what it says of all wallets.
    """

    identifier: str
    statements: Statements

    @property
    def client_id(self) -> str:
        """Return the wallet's name as an OAuth client."""
        return self.statements.client_id or self.identifier

    def wallet(self, key: PublicKey, place: Place, *, now: int, signer: Signer) -> str:
        """Return a wallet attestation (OpenID4VCI 1.0 appendix E).

        Args:
            key: the fresh key that it names.
            place: where its status stands.
            now: epoch seconds.
            signer: the provider's key, with its chain.
        """
        said = self.statements
        claims = {
            "iss": self.identifier,
            "sub": self.client_id,
            "iat": now,
            "exp": now + said.wallet_seconds,
            "cnf": {"jwk": key.to_jwk()},
            "wallet_name": said.name,
            "wallet_link": said.link or f"{self.identifier}/",
            "status": self._status(place),
        }
        return _signed(WALLET_ATTESTATION, claims, signer)

    def keys(
        self,
        keys: Sequence[PublicKey],
        place: Place,
        nonce: str | None,
        *,
        now: int,
        signer: Signer,
    ) -> str:
        """Return a key attestation (OpenID4VCI 1.0 appendix D.1).

        Args:
            keys: those that are attested.
            place: where its status stands.
            nonce: of the issuer, if it has one.
            now: epoch seconds.
            signer: the provider's key, with its chain.
        """
        said = self.statements
        claims = {
            "iss": self.identifier,
            "iat": now,
            "exp": now + said.key_seconds,
            "attested_keys": [key.to_jwk() for key in keys],
            "key_storage": list(said.key_storage),
            "user_authentication": list(said.user_authentication),
            "status": self._status(place),
            **({} if nonce is None else {"nonce": nonce}),
        }
        return _signed(KEY_ATTESTATION, claims, signer)

    def list(
        self, number: int, statuses: StatusList, bounds: Bounds, *, now: int, signer: Signer
    ) -> str:
        """Return a status list's token."""
        token = StatusListToken(
            uri=self.list_uri(number),
            issued_at=now,
            expires_at=now + bounds.list_seconds,
            ttl=bounds.list_ttl,
            packed=statuses.pack(),
        )
        return token_jwt.encode(token, signer)

    def list_uri(self, number: int) -> str:
        """Return where a list is published."""
        return f"{self.identifier}/statuslists/{number}"

    def _status(self, place: Place) -> dict[str, object]:
        return {"status_list": {"uri": self.list_uri(place.number), "idx": place.index}}


def _signed(typ: str, claims: Mapping[str, object], signer: Signer) -> str:
    return sign_typed(typ, claims, jws.chain_header(signer.certificate_chain), signer)

"""Requests of one kind as text: written once, and completed with what is fresh in each.

Most of a request is the same for everybody who is asked the same thing. `RequestForm.payload` gives
what ``build_request`` and JSON give, the members in another order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from madang.core.encoding.strict_json import dumps, quote
from madang.core.envelope.jwe import ALG
from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.oid4vp.client_id import ClientId
from madang.core.protocol.oid4vp.request import (
    Delivery,
    ResponseMode,
    Session,
    build_request,
    by_dc_api,
    encrypted,
)
from madang.core.protocol.oid4vp.verifier_info import Registration

_NOBODY: Final = Session("nonce", "state", {}, 0, 0)
_METADATA: Final = "client_metadata"
_FRESH: Final = frozenset({"nonce", "state", "iat", "exp", "response_uri", _METADATA})
_END: Final = "}}"


@dataclass(frozen=True, slots=True)
class RequestForm:
    """What all requests of one kind have in common.

    Attributes:
        client_id: who asks.
        mode: how the answer is to come back.
        begun: the text as far as it is the same for all: inside of ``client_metadata``, after a
            member.
    """

    client_id: ClientId
    mode: ResponseMode
    begun: str

    @classmethod
    def of(
        cls,
        client_id: ClientId,
        query: DcqlQuery,
        delivery: Delivery,
        *,
        transaction_data: Sequence[str] = (),
        registration: Registration | None = None,
    ) -> "RequestForm":
        """Write what is the same for all; arguments as of ``build_request``."""
        blank = build_request(
            client_id,
            query,
            _NOBODY,
            delivery,
            transaction_data=transaction_data,
            registration=registration,
        )
        members: dict[str, Any] = blank.to_json()
        metadata = {name: each for name, each in members[_METADATA].items() if name != "jwks"}
        common = {name: each for name, each in members.items() if name not in _FRESH}
        text = dumps({**common, _METADATA: metadata})
        return cls(client_id, delivery.mode, text.removesuffix(_END))

    def payload(
        self, session: Session, response_uri: str | None, *, wallet_nonce: str | None = None
    ) -> bytes:
        """Return one request.

        Args:
            session: its fresh values.
            response_uri: where it is answered; None with the API alone.
            wallet_nonce: as of ``build_request``.

        Raises:
            ValueError: there is an address with the API, or none without.
        """
        if by_dc_api(self.mode) != (response_uri is None):
            raise ValueError(f"{self.mode} with the response_uri {response_uri}")
        key = {**session.encryption_key, "use": "enc", "alg": ALG}
        keys = f',"jwks":{{"keys":[{dumps(key)}]}}' if encrypted(self.mode) else ""
        times = f'"iat":{session.issued_at},"exp":{session.expires_at}'
        text = f'{self.begun}{keys}}},"nonce":{quote(session.nonce)},{times}'
        if response_uri is not None:
            text += f',"response_uri":{quote(response_uri)},"state":{quote(session.state)}'
        if wallet_nonce is not None:
            text += f',"wallet_nonce":{quote(wallet_nonce)}'
        return f"{text}}}".encode()

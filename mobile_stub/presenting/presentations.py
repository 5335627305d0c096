"""Make presentations: SD-JWT with key binding, mdoc with a device signature or MAC, one each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from madang.core.encoding import base64url
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.formats.mdoc import present as mdoc
from madang.core.formats.mdoc.agreement import Agreement
from madang.core.formats.mdoc.device_auth import Authenticate, by_mac, by_signature
from madang.core.formats.mdoc.model import DeviceResponse, encode_response
from madang.core.formats.sd_jwt import present as sd_jwt
from madang.core.formats.sd_jwt.model import parse
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.match import Candidate
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.transaction_data import DEFAULT_HASH, HASHES, TransactionData
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes
from mobile_stub.errors import WalletError
from mobile_stub.held import issuer_signed
from mobile_stub.model import HeldCopy


class Keys(Protocol):
    """What this needs of the vault."""

    def signer(self, number: int) -> Signer:
        """Return a holder key."""
        ...

    def agreement(self, number: int) -> Agreement:
        """Return what agrees on secrets with the same key."""
        ...


@dataclass(frozen=True)
class Presenting:
    """What all presentations of one answer have in common.

    Attributes:
        keys: holder keys.
        held: the copies, by digest.
        asked: what they are bound to.
        transactions: what is to be authorized.
        types: the types of that.
        reader: the verifier's key where devices make a MAC; None where they sign.
        now: seconds since the epoch.
    """

    keys: Keys
    held: Mapping[str, HeldCopy]
    asked: Asked
    transactions: Sequence[TransactionData]
    types: TransactionTypes
    reader: PublicKey | None
    now: int

    def tokens(self, answer: Mapping[str, Sequence[Candidate]]) -> dict[str, list[str]]:
        """Return the presentations of an answer, by credential query.

        Raises:
            WalletError: `transaction_hash`, where no one hash is allowed for all that a credential
                is to authorize; `transaction_element`, where an mdoc may not.
        """
        carried = self._carried(answer)
        return {
            name: [
                self._one(name, found, carried.get(name, ()) if at == 0 else ())
                for at, found in enumerate(candidates)
            ]
            for name, candidates in answer.items()
        }

    def _carried(
        self, answer: Mapping[str, Sequence[Candidate]]
    ) -> dict[str, tuple[TransactionData, ...]]:
        """Return what each credential authorizes: each transaction by one alone (section 5.1)."""
        found: dict[str, tuple[TransactionData, ...]] = {}
        for data in self.transactions:
            named = [name for name in data.credential_ids if name in answer]
            able = (name for name in named if self._may(self.held[answer[name][0].handle], data))
            name = next(able, named[0])
            found[name] = (*found.get(name, ()), data)
        return found

    def _may(self, copy: HeldCopy, data: TransactionData) -> bool:
        """Tell whether a copy can authorize a transaction: an mdoc if its issuer allowed it to."""
        if copy.format != MSO_MDOC:
            return True
        element = self.types[data.type].element
        allowed = issuer_signed(copy).mso.key_authorizations
        return element is not None and allowed.allow(*element)

    def _one(self, name: str, found: Candidate, carried: Sequence[TransactionData]) -> str:
        copy = self.held[found.handle]
        if copy.format == MSO_MDOC:
            return self._mdoc(copy, found, carried)
        query = self.asked.query.credential(name)
        if query is not None and not query.require_cryptographic_holder_binding:
            return sd_jwt.select(parse(copy.credential), found.paths)
        return sd_jwt.present(
            copy.credential,
            found.paths,
            holder=self.keys.signer(copy.number),
            audience=self.asked.audience,
            nonce=self.asked.nonce,
            issued_at=self.now,
            more=_hashes(carried),
        )

    def _mdoc(self, copy: HeldCopy, found: Candidate, carried: Sequence[TransactionData]) -> str:
        document = mdoc.present(
            issuer_signed(copy),
            [(str(path[0]), str(path[1])) for path in found.paths],
            transcript=self.asked.transcript,
            authenticate=self._authenticate(copy),
            device_name_spaces=self._elements(copy, carried),
        )
        return base64url.encode(encode_response(DeviceResponse((document,))))

    def _authenticate(self, copy: HeldCopy) -> Authenticate:
        if self.reader is None:
            return by_signature(self.keys.signer(copy.number))
        return by_mac(self.keys.agreement(copy.number), self.reader, self.asked.transcript)

    def _elements(
        self, copy: HeldCopy, carried: Sequence[TransactionData]
    ) -> dict[str, dict[str, list[bytes]]]:
        """Return the hashes that the device signs itself (appendix B.2.1)."""
        found: dict[str, dict[str, list[bytes]]] = {}
        for data in carried:
            element = self.types[data.type].element
            if element is None or not self._may(copy, data):
                raise WalletError(
                    "transaction_element", "this certificate may not authorize such a transaction"
                )
            digest = base64url.decode(data.digest(data.usable_hash or DEFAULT_HASH))
            found.setdefault(element[0], {}).setdefault(element[1], []).append(digest)
        return found


def _hashes(carried: Sequence[TransactionData]) -> dict[str, Any]:
    """Return the claims of a key binding that authorizes (appendix B.3.3.1)."""
    if not carried:
        return {}
    asked = [data.hash_algorithms or (DEFAULT_HASH,) for data in carried]
    common = next(
        (name for name in asked[0] if name in HASHES and all(name in each for each in asked)), None
    )
    if common is None:
        raise WalletError("transaction_hash", "no one hash is allowed for all transactions")
    claims: dict[str, Any] = {"transaction_data_hashes": [data.digest(common) for data in carried]}
    if any(data.hash_algorithms is not None for data in carried):
        claims["transaction_data_hashes_alg"] = common
    return claims

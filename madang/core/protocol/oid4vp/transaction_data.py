"""What a holder authorizes with a presentation: ``transaction_data`` (OpenID4VP 1.0 section 8.4).

On the wire each is a base64url string of a JSON object. Its hash is taken over that string as it
was received, never over the decoded bytes (appendix B.3.3.1).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, kind, load, read
from madang.core.protocol.oid4vp.errors import VpCode, refusing

DEFAULT_HASH: Final = "sha-256"
HASHES: Final[Mapping[str, Callable[[bytes], Any]]] = MappingProxyType(
    {
        "sha-256": hashlib.sha256,
        "sha-384": hashlib.sha384,
        "sha-512": hashlib.sha512,
        "sha3-256": hashlib.sha3_256,
        "sha3-384": hashlib.sha3_384,
        "sha3-512": hashlib.sha3_512,
    }
)
"""By their IANA Named Information names; shorter or broken ones are left out."""

_refuse = refusing("transaction_data", "8.4", VpCode.INVALID_TRANSACTION_DATA)
Named = Annotated[str, Field(min_length=1)]


class _Content(Message):
    type: Named
    credential_ids: Annotated[Array[Named], Field(min_length=1)]
    transaction_data_hashes_alg: Annotated[Array[Named], Field(min_length=1)] | None = None


@dataclass(frozen=True, slots=True)
class TransactionData:
    """One thing to authorize.

    Attributes:
        encoded: as on the wire; what is hashed.
        type: what it is; decides on its other members.
        credential_ids: the credential queries one of whose credentials may authorize it.
        hash_algorithms: those that the answer may use; None where none was named, and then it is
            ``sha-256``.
        members: all members, also those of its type.
    """

    encoded: str
    type: str
    credential_ids: tuple[str, ...]
    hash_algorithms: tuple[str, ...] | None
    members: Mapping[str, Any]

    def digest(self, algorithm: str = DEFAULT_HASH) -> str:
        """Return the hash over the string as received, base64url; KeyError for another hash."""
        return base64url.encode(HASHES[algorithm](self.encoded.encode("ascii")).digest())

    @property
    def usable_hash(self) -> str | None:
        """Return the first hash of those asked for that is known here; None if there is none."""
        asked = self.hash_algorithms or (DEFAULT_HASH,)
        return next((name for name in asked if name in HASHES), None)


def encode(
    data_type: str,
    credential_ids: Sequence[str],
    members: Mapping[str, object],
    *,
    hash_algorithms: Sequence[str] = (),
) -> str:
    """Return the string for a request; members of the type come beside those of the protocol."""
    content: dict[str, object] = {**members, "type": data_type}
    content["credential_ids"] = list(credential_ids)
    if hash_algorithms:
        content["transaction_data_hashes_alg"] = list(hash_algorithms)
    return base64url.encode(strict_json.dumps(content).encode())


def parse(encoded: str, *, limits: Limits = DEFAULT_LIMITS) -> TransactionData:
    """Take one apart.

    Raises:
        VpError: ``transaction_data``, with the wire code ``invalid_transaction_data``.
    """
    try:
        decoded = base64url.decode(encoded)
    except EncodingError as error:
        raise _refuse(str(error)) from None
    value = load(decoded, limits.jwt_bytes, limits, _refuse)
    if not isinstance(value, dict):
        raise _refuse(f"each should be an object, got {kind(value)}")
    content = read(_Content, value, _refuse)
    named = content.transaction_data_hashes_alg
    return TransactionData(encoded, content.type, content.credential_ids, named, value)


def parse_all(
    encoded: Sequence[str], *, limits: Limits = DEFAULT_LIMITS
) -> tuple[TransactionData, ...]:
    """Take all of a request apart; VpError as of ``parse``, or when there are too many."""
    if len(encoded) > limits.transaction_data:
        raise _refuse(f"{len(encoded)} came, at most {limits.transaction_data} are accepted")
    return tuple(parse(each, limits=limits) for each in encoded)

"""Token Status List, JWT form (draft-ietf-oauth-status-list)."""

import zlib
from collections.abc import Mapping
from typing import Any, Final

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.signing import SignatureChecker, Signer

VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2
TYPE: Final = "statuslist+jwt"
MEDIA_TYPE: Final = "application/statuslist+jwt"
WIDTHS: Final = (1, 2, 4, 8)
MAX_BYTES = 16_000_000
MAX_SKEW = 60


class StatusError(ValueError):
    """A status list cannot be relied upon; whoever asked it refuses.

    Attributes:
        code: fixed word for the reason.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class StatusList:
    """Statuses of tokens by index, packed from the least significant bit (section 4.1).

    Args:
        bits: 1, 2, 4 or 8 for each status.
        values: the packed bytes; they are kept and changed, not copied.
    """

    def __init__(self, bits: int, values: bytearray) -> None:
        if bits not in WIDTHS:
            raise StatusError("status_list_malformed", f"bits {bits}, expected 1, 2, 4 or 8")
        self.bits = bits
        self.values = values

    @classmethod
    def of_size(cls, size: int, bits: int = 2) -> "StatusList":
        """Return a list with room for `size` statuses, all valid."""
        return cls(bits, bytearray((size * bits + 7) // 8))

    def __len__(self) -> int:
        return len(self.values) * 8 // self.bits

    def get(self, index: int) -> int:
        """Return the status at `index`; StatusError("status_index_out_of_range") if none."""
        byte, shift = self._place(index)
        return self.values[byte] >> shift & (1 << self.bits) - 1

    def set(self, index: int, value: int) -> None:
        """Change the status at `index`; StatusError for an index or a value without room."""
        byte, shift = self._place(index)
        mask = (1 << self.bits) - 1
        if not 0 <= value <= mask:
            raise StatusError("status_value", f"status {value} does not fit into {self.bits} bits")
        self.values[byte] = self.values[byte] & ~(mask << shift) | value << shift

    def _place(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise StatusError("status_index_out_of_range", f"the list ends before index {index}")
        byte, offset = divmod(index * self.bits, 8)
        return byte, offset

    def encode(self) -> dict[str, Any]:
        """Return the list as its JSON object (section 4.2)."""
        packed = zlib.compress(bytes(self.values), 9)
        return {"bits": self.bits, "lst": base64url.encode(packed)}

    @classmethod
    def decode(cls, value: object, *, max_bytes: int = MAX_BYTES) -> "StatusList":
        """Read the JSON object; at most `max_bytes` are unpacked.

        Raises:
            StatusError: status_list_malformed or status_list_too_large.
        """
        if not isinstance(value, dict) or not isinstance(value.get("lst"), str):
            raise StatusError("status_list_malformed", "an object with bits and lst was expected")
        bits = value.get("bits")
        if not isinstance(bits, int) or isinstance(bits, bool):
            raise StatusError("status_list_malformed", "bits is not a number")
        try:
            packed = base64url.decode(value["lst"])
        except EncodingError as error:
            raise StatusError("status_list_malformed", f"lst: {error}") from error
        return cls(bits, bytearray(_unpack(packed, max_bytes)))


def _unpack(packed: bytes, max_bytes: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed, max_bytes + 1)
    except zlib.error as error:
        raise StatusError("status_list_malformed", "lst is not zlib data") from error
    if len(unpacked) > max_bytes:
        raise StatusError("status_list_too_large", f"more than {max_bytes} bytes when unpacked")
    if not unpacker.eof or unpacker.unused_data:
        raise StatusError("status_list_malformed", "lst is cut short or has bytes behind its end")
    return unpacked


def token(
    statuses: StatusList, *, uri: str, issued_at: int, expires_at: int, ttl: int, signer: Signer
) -> str:
    """Return the Status List Token (section 5.1).

    Args:
        statuses: the list.
        uri: where it is published; the `sub` that tokens refer to.
        issued_at: seconds since the epoch.
        expires_at: seconds since the epoch.
        ttl: seconds that a copy may be kept.
        signer: the issuer's key; its certificates go into `x5c`.
    """
    header: dict[str, Any] = {"typ": TYPE, "kid": signer.key_id}
    if signer.certificate_chain:
        header["x5c"] = jws.encode_chain(signer.certificate_chain)
    payload = {
        "sub": uri,
        "iat": issued_at,
        "exp": expires_at,
        "ttl": ttl,
        "status_list": statuses.encode(),
    }
    return jws.sign(strict_json.dumps(payload).encode(), header, signer)


def parse_token(compact: str, *, max_bytes: int = MAX_BYTES) -> Jws:
    """Take a Status List Token apart, so that its header can tell the key; nothing is checked.

    Raises:
        StatusError: status_list_malformed or status_list_too_large.
    """
    if len(compact) > max_bytes:
        raise StatusError("status_list_too_large", f"token of more than {max_bytes} characters")
    try:
        return jws.parse(compact, max_bytes=max_bytes)
    except EnvelopeError as error:
        raise StatusError("status_list_malformed", str(error)) from error


def verify_token(
    parsed: Jws,
    *,
    uri: str,
    checker: SignatureChecker,
    now: int,
    max_bytes: int = MAX_BYTES,
) -> StatusList:
    """Return the list of a token that can be relied upon now (section 8.3).

    Raises:
        StatusError: status_list_type, status_list_signature, status_list_malformed,
            status_list_subject, status_list_expired, status_list_not_yet_valid,
            status_list_too_large.
    """
    if parsed.header.get("typ") != TYPE:
        raise StatusError("status_list_type", f"typ {parsed.header.get('typ')!r}, not {TYPE}")
    if not jws.verify(parsed, checker):
        raise StatusError("status_list_signature", "not signed by the issuer's key")
    try:
        claims = strict_json.loads(parsed.payload, max_bytes=max_bytes)
    except EncodingError as error:
        raise StatusError("status_list_malformed", str(error)) from error
    if not isinstance(claims, dict):
        raise StatusError("status_list_malformed", "the payload is not a JSON object")
    _check_claims(claims, uri, now)
    return StatusList.decode(claims.get("status_list"), max_bytes=max_bytes)


def _check_claims(claims: Mapping[str, Any], uri: str, now: int) -> None:
    if claims.get("sub") != uri:
        raise StatusError("status_list_subject", "sub is not the address the credential names")
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    if isinstance(issued_at, bool) or not isinstance(issued_at, int):
        raise StatusError("status_list_malformed", "iat is missing or not a number")
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | None):
        raise StatusError("status_list_malformed", "exp is not a number")
    if issued_at > now + MAX_SKEW:
        raise StatusError("status_list_not_yet_valid", "iat lies ahead")
    if expires_at is not None and now >= expires_at:
        raise StatusError("status_list_expired", "the list has expired")


def reference(claims: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return (uri, index) of a credential's `status.status_list`, None if it has none (section 6).

    Raises:
        StatusError: status_reference_malformed, for a `status` that names no list and index.
    """
    status = claims.get("status")
    if status is None:
        return None
    entry = status.get("status_list") if isinstance(status, dict) else None
    if isinstance(entry, dict):
        uri, index = entry.get("uri"), entry.get("idx")
        if isinstance(uri, str) and isinstance(index, int) and not isinstance(index, bool):
            return uri, index
    raise StatusError("status_reference_malformed", "status has no status_list with uri and idx")

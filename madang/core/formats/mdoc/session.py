"""Session encryption in proximity (ISO/IEC 18013-5 section 9.1.1)."""

from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from madang.core.encoding import cbor
from madang.core.formats.mdoc import reading
from madang.core.formats.mdoc.agreement import Agreement, derive
from madang.core.formats.mdoc.engagement import key_tag, read_key
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.reading import DEFAULT_LIMITS, Limits
from madang.core.formats.mdoc.transcript import salt_of
from madang.core.keys.jwk import PublicKey

ENCRYPTION_ERROR, CBOR_ERROR, TERMINATION = 10, 11, 20
"""Status codes of session data (section 9.1.1.4, table 20)."""
_READER, _DEVICE = bytes(8), bytes(7) + b"\x01"
"""First halves of the nonces of both directions."""
_COUNTER_BYTES: Final = 4
_WHERE: Final = "SessionEstablishment, 9.1.1.4"
_DATA: Final = "SessionData, 9.1.1.4"
_CLAUSE: Final = "ISO 18013-5 9.1.1.5"


@dataclass(frozen=True, slots=True)
class SessionEstablishment:
    """The reader's first message.

    Attributes:
        e_reader_key: the reader's key of this session.
        e_reader_key_encoded: the bytes inside EReaderKeyBytes (tag 24), as received.
        data: the encrypted DeviceRequest.
    """

    e_reader_key: PublicKey
    e_reader_key_encoded: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class SessionData:
    """Every further message: encrypted data, a status code, or both."""

    data: bytes | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Messages of one direction, each under the next number.

    Attributes:
        key: 32 bytes.
        identifier: first 8 bytes of each nonce.
        counter: number of the next message, from 1.
    """

    key: bytes
    identifier: bytes
    counter: int = 1

    def seal(self, plain: bytes) -> tuple[bytes, "Stream"]:
        """Encrypt the next message; return it, and the stream after it."""
        return AESGCM(self.key).encrypt(self._nonce(), plain, b""), self._next()

    def open(self, sealed: bytes) -> tuple[bytes, "Stream"]:
        """Decrypt the next message; return it, and the stream after it.

        Raises:
            MdocError: the message was altered, is of another session, or came out of its turn.
        """
        nonce = self._nonce()
        try:
            plain = AESGCM(self.key).decrypt(nonce, sealed, b"")
        except InvalidTag as error:
            detail = "not the next message of this session"
            raise MdocError("session_encryption", _CLAUSE, detail) from error
        return plain, self._next()

    def _nonce(self) -> bytes:
        if self.counter >= 1 << 8 * _COUNTER_BYTES:
            raise MdocError("session_counter", _CLAUSE, "no message may follow in this session")
        return self.identifier + self.counter.to_bytes(_COUNTER_BYTES, "big")

    def _next(self) -> "Stream":
        return replace(self, counter=self.counter + 1)


@dataclass(frozen=True, slots=True)
class Session:
    """Both directions of a session: `reader` is what the reader sends."""

    reader: Stream
    device: Stream


def begin(own: Agreement, other: PublicKey, transcript: bytes) -> Session:
    """Agree on the keys of both directions (section 9.1.1.5).

    Args:
        own: this side's key of the session.
        other: the other side's.
        transcript: the encoded SessionTranscript.

    Raises:
        MdocError: the keys are not of one curve.
    """
    secret, salt = own.shared_secret(other), salt_of(transcript)
    return Session(
        Stream(derive(secret, salt, b"SKReader"), _READER),
        Stream(derive(secret, salt, b"SKDevice"), _DEVICE),
    )


def encode_establishment(key: PublicKey, data: bytes) -> bytes:
    """Return a SessionEstablishment as CBOR."""
    return cbor.dumps({"eReaderKey": key_tag(key), "data": data})


def parse_establishment(data: bytes, limits: Limits = DEFAULT_LIMITS) -> SessionEstablishment:
    """Take an encoded SessionEstablishment apart; MdocError if it is none."""
    members = reading.as_map(reading.decoded(data, limits, _WHERE), _WHERE)
    key, encoded = read_key(members, "eReaderKey", limits, _WHERE)
    return SessionEstablishment(key, encoded, reading.required(members, "data", bytes, _WHERE))


def encode_data(message: SessionData) -> bytes:
    """Return a SessionData as CBOR."""
    found: dict[str, Any] = {"data": message.data, "status": message.status}
    return cbor.dumps({name: value for name, value in found.items() if value is not None})


def parse_data(data: bytes, limits: Limits = DEFAULT_LIMITS) -> SessionData:
    """Take an encoded SessionData apart; MdocError if it is none, or says nothing."""
    members = reading.as_map(reading.decoded(data, limits, _DATA), _DATA)
    message = SessionData(
        reading.optional(members, "data", bytes, _DATA),
        reading.optional(members, "status", int, _DATA),
    )
    if message == SessionData():
        raise reading.malformed(_DATA, "data or status was expected")
    return message

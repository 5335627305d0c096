"""What the device signs, and with what (ISO/IEC 18013-5 section 9.1.3)."""

from collections.abc import Callable
from typing import Final, TypeAlias

from madang.core.encoding.cbor_pieces import ARRAY, head, text, wrapped
from madang.core.envelope import cose
from madang.core.envelope.cose import Mac0, Sign1
from madang.core.formats.mdoc.agreement import Agreement, derive
from madang.core.formats.mdoc.transcript import salt_of
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer

Authenticate: TypeAlias = Callable[[bytes], Sign1 | Mac0]
"""Signs DeviceAuthenticationBytes, or makes their MAC."""
_NAME: Final = text("DeviceAuthentication")


def authentication_bytes(transcript: bytes, doc_type: str, device_name_spaces: bytes) -> bytes:
    """Return DeviceAuthenticationBytes (section 9.1.3.4).

    Args:
        transcript: the encoded SessionTranscript.
        doc_type: of the document.
        device_name_spaces: the bytes inside DeviceNameSpacesBytes.
    """
    parts = (head(ARRAY, 4), _NAME, transcript, text(doc_type), wrapped(device_name_spaces))
    return wrapped(b"".join(parts))


def mac_key(own: Agreement, other: PublicKey, transcript: bytes) -> bytes:
    """Return EMacKey, on which device and reader agree (section 9.1.3.5).

    Args:
        own: the device's key, or the reader's of this session.
        other: the other one's.
        transcript: the encoded SessionTranscript.
    """
    return derive(own.shared_secret(other), salt_of(transcript), b"EMacKey")


def by_signature(signer: Signer) -> Authenticate:
    """Return what signs with the device key (section 9.1.3.6)."""
    return lambda data: cose.sign1(data, {}, signer, detached=True)


def by_mac(device: Agreement, reader_key: PublicKey, transcript: bytes) -> Authenticate:
    """Return what makes a MAC that this reader alone can check, so it proves nothing to others."""
    key = mac_key(device, reader_key, transcript)
    return lambda data: cose.mac0(data, key, detached=True)

"""Session transcripts: what a device signs about the session (ISO/IEC 18013-5 section 9.1.5.1).

A transcript is handed on as its encoded bytes, with the pieces that were received kept in them.
"""

import hashlib
from typing import Final, NamedTuple

from madang.core.encoding import cbor
from madang.core.encoding.cbor_pieces import ARRAY, head, wrapped
from madang.core.formats.mdoc.errors import MdocError

_NOTHING: Final = cbor.dumps(None)


class NfcHandover(NamedTuple):
    """The NFC messages by which a session in proximity began.

    Attributes:
        select: the Handover Select message.
        request: the Handover Request message; None in static handover.
    """

    select: bytes
    request: bytes | None


def openid4vp(
    *, client_id: str, nonce: str, jwk_thumbprint: bytes | None, response_uri: str
) -> bytes:
    """Return the transcript of a request by redirect (OpenID4VP 1.0 appendix B.2.6.1).

    Args:
        client_id: in full, with its prefix.
        nonce: of the request.
        jwk_thumbprint: SHA-256 thumbprint (RFC 7638) of the key to which the response is
            encrypted; None for a response in clear.
        response_uri: or `redirect_uri`, whichever the request has.
    """
    info = [client_id, nonce, jwk_thumbprint, response_uri]
    return _remote("OpenID4VPHandover", info)


def openid4vp_dc_api(*, origin: str, nonce: str, jwk_thumbprint: bytes | None) -> bytes:
    """Return the transcript of a request by the Digital Credentials API (appendix B.2.6.2).

    Args:
        origin: of the page that asks, without the prefix `origin:`.
        nonce: of the request.
        jwk_thumbprint: as of `openid4vp`.

    Raises:
        MdocError: the origin has the prefix.
    """
    if origin.startswith("origin:"):
        detail = "the origin stands without its prefix"
        raise MdocError("origin_prefix", "OpenID4VP 1.0 B.2.6.2", detail)
    return _remote("OpenID4VPDCAPIHandover", [origin, nonce, jwk_thumbprint])


def proximity(
    device_engagement: bytes, e_reader_key: bytes, handover: NfcHandover | None = None
) -> bytes:
    """Return the transcript of a session in proximity.

    Args:
        device_engagement: DeviceEngagement as received, without tag 24.
        e_reader_key: the reader's COSE_Key as received, without tag 24.
        handover: how NFC began it; None when a QR code did.
    """
    began = _NOTHING if handover is None else cbor.dumps([handover.select, handover.request])
    return head(ARRAY, 3) + wrapped(device_engagement) + wrapped(e_reader_key) + began


def salt_of(transcript: bytes) -> bytes:
    """Return SHA-256 of SessionTranscriptBytes: the salt of every key of the session."""
    return hashlib.sha256(wrapped(transcript)).digest()


def _remote(name: str, info: list[str | bytes | None]) -> bytes:
    return cbor.dumps([None, None, [name, hashlib.sha256(cbor.dumps(info)).digest()]])

"""Who the reader is: its signature over what it asks in a session (ISO/IEC 18013-5 9.1.4)."""

from collections.abc import Iterator
from typing import Final

from madang.core.encoding.cbor_pieces import ARRAY, head, text, wrapped
from madang.core.envelope import cose
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.request import DocRequest, ItemsRequest, encode_items
from madang.core.formats.mdoc.verdict import Failure
from madang.core.keys.cose_key import ALGORITHMS
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer, checker_for

_NAME: Final = text("ReaderAuthentication")
_CLAUSE: Final = "ISO 18013-5 9.1.4"


def authentication_bytes(transcript: bytes, items_request: bytes) -> bytes:
    """Return ReaderAuthenticationBytes (section 9.1.4.4).

    Args:
        transcript: the encoded SessionTranscript.
        items_request: the bytes inside ItemsRequestBytes.
    """
    return wrapped(head(ARRAY, 3) + _NAME + transcript + wrapped(items_request))


def sign(items_request: ItemsRequest, transcript: bytes, signer: Signer) -> DocRequest:
    """Return a request for one document with the reader's signature.

    Args:
        items_request: what is asked.
        transcript: the encoded SessionTranscript.
        signer: the reader's key; its certificates go into `x5chain`.

    Raises:
        MdocError: the signer has no certificate.
    """
    if not signer.certificate_chain:
        raise MdocError("no_certificate", _CLAUSE, "x5chain needs a certificate")
    encoded = encode_items(items_request)
    unprotected = {cose.X5CHAIN: cose.encode_chain(signer.certificate_chain)}
    data = authentication_bytes(transcript, encoded)
    auth = cose.sign1(data, {}, signer, unprotected=unprotected, detached=True)
    return DocRequest(encoded, items_request, auth)


def failures(
    doc_request: DocRequest, transcript: bytes, *, reader_key: PublicKey | None
) -> Iterator[Failure]:
    """Yield every failed step of reader authentication, none if it is good.

    Args:
        doc_request: as received.
        transcript: the encoded SessionTranscript.
        reader_key: the key that trust was established in, by `x5chain`; None when there is none.
    """
    auth = doc_request.reader_auth
    if auth is None:
        yield Failure("reader_auth_missing", _CLAUSE, "the request is not signed")
    elif reader_key is None:
        yield Failure("reader_key", _CLAUSE, "no trusted key of the reader")
    elif ALGORITHMS.get(auth.header[cose.ALG]) != reader_key.algorithm:
        yield Failure("reader_alg", _CLAUSE, "alg is not that of the reader's key")
    else:
        data = authentication_bytes(transcript, doc_request.encoded)
        if not cose.verify1(auth, checker_for(reader_key), payload=data):
            yield Failure("reader_signature", _CLAUSE, "not signed by the reader for this session")

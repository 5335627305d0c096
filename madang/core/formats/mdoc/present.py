"""Present an mdoc (ISO/IEC 18013-5 section 8.3.2.1.2.2): chosen elements, signed for a session."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from madang.core.encoding import cbor
from madang.core.encoding.errors import EncodingError
from madang.core.formats.mdoc.device_auth import Authenticate, authentication_bytes
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.model import DeviceSigned, Document, IssuerSigned

_NOTHING: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})


def select(issuer_signed: IssuerSigned, chosen: Iterable[tuple[str, str]]) -> IssuerSigned:
    """Keep the chosen elements and nothing else.

    Args:
        issuer_signed: as issued.
        chosen: namespace and identifier of each.

    Raises:
        MdocError: an element is chosen that the document lacks.
    """
    wanted = set(chosen)
    kept = {
        name: tuple(item for item in items if (name, item.element_identifier) in wanted)
        for name, items in issuer_signed.name_spaces.items()
    }
    found = {(name, item.element_identifier) for name, items in kept.items() for item in items}
    if wanted - found:
        absent = ", ".join(sorted(".".join(each) for each in wanted - found))
        raise MdocError("element_absent", "ISO 18013-5 8.3.2.1.2.2", f"there is no {absent}")
    return replace(
        issuer_signed, name_spaces={name: items for name, items in kept.items() if items}
    )


def present(
    issuer_signed: IssuerSigned,
    chosen: Iterable[tuple[str, str]],
    *,
    transcript: bytes,
    authenticate: Authenticate,
    device_name_spaces: Mapping[str, Mapping[str, Any]] = _NOTHING,
) -> Document:
    """Make one document of a response.

    Args:
        issuer_signed: as issued.
        chosen: namespace and identifier of each element to show.
        transcript: the encoded SessionTranscript.
        authenticate: signs or makes a MAC (`device_auth.by_signature`, `by_mac`).
        device_name_spaces: elements of the device itself, which its key has to be allowed to sign.

    Raises:
        MdocError: an element is chosen that the document lacks, or a value has no CBOR.
    """
    doc_type = issuer_signed.mso.doc_type
    shown = select(issuer_signed, chosen)
    own = {name: dict(elements) for name, elements in device_name_spaces.items()}
    try:
        encoded = cbor.dumps(own)
    except EncodingError as error:
        raise MdocError("malformed_element", "ISO 18013-5 7.2.1", str(error)) from error
    auth = authenticate(authentication_bytes(transcript, doc_type, encoded))
    return Document(doc_type, shown, DeviceSigned(encoded, own, auth))

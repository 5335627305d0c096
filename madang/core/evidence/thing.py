"""The digest of a thing as the office computed it that entered it, from the thing's file."""

from hashlib import sha256

from madang.core.encoding import base64url, canonical_json, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.evidence.errors import EvidenceError
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.formats.mdoc.verify import digests
from madang.core.formats.sd_jwt import model as sd_jwt
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.verify import process
from madang.core.merkle.entry import EntryKind

_AS_JSON = frozenset({EntryKind.DECISION, EntryKind.RULE})


def digest_of(kind: EntryKind, data: bytes) -> bytes:
    """Return the digest of a thing of a kind of entry.

    A credential is an SD-JWT (SHA-256 of its issuer-signed JWT, whatever is disclosed) or an
    IssuerSigned of ISO/IEC 18013-5, in CBOR or its base64url. A decision and a rule are JSON
    (SHA-256 of the canonical form). Anything else is hashed as it is.

    What a credential discloses is not in its digest, so it is held against what is.

    Raises:
        EvidenceError: "thing", when the file is none of that kind, or a credential shows a value
            that its issuer did not sign.
    """
    try:
        if kind is EntryKind.CREDENTIAL:
            return _credential(data)
        if kind in _AS_JSON:
            return canonical_json.digest(strict_json.loads(data))
    except (EncodingError, MdocError, SdJwtError) as error:
        raise EvidenceError("thing", f"the file is no {kind}: {error}") from error
    return sha256(data).digest()


def _credential(data: bytes) -> bytes:
    text = data.strip()
    if not text.isascii():
        return _mdoc(data)
    if b"~" in text:
        parsed = sd_jwt.parse(text.decode("ascii"))
        process(parsed)
        return parsed.issuer_digest
    return _mdoc(base64url.decode(text.decode("ascii")))


def _mdoc(data: bytes) -> bytes:
    parsed = parse_issuer_signed(data)
    for failure in digests(parsed, {}):
        raise EvidenceError("thing", f"the file is no credential: {failure.detail}")
    return parsed.issuer_digest

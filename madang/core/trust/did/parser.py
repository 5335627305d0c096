"""Read a DID document that somebody else publishes (DID 1.0 sections 5 and 6.2)."""

from collections.abc import Mapping
from typing import Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.identifier import MAX_DID, split
from madang.core.trust.did.model import DidDocument, Purpose, Service, VerificationMethod

MAX_BYTES: Final = 64_000
MAX_DEPTH: Final = 8
MAX_ENTRIES: Final = 64
"""How many methods, references of one purpose, services, controllers or types are read."""
MAX_TEXT: Final = MAX_DID + 256

_JWK, _MULTIBASE = "publicKeyJwk", "publicKeyMultibase"
_OTHER_FORMS: Final = (
    "publicKeyBase58",
    "publicKeyBase64",
    "publicKeyHex",
    "publicKeyPem",
    "blockchainAccountId",
    "ethereumAddress",
)


def parse(
    document: bytes | str, did: str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> DidDocument:
    """Read a document; members that are not of the model are ignored.

    Args:
        document: JSON as it was fetched.
        did: whose document it should be.
        max_bytes: the longest document accepted.
        max_depth: how deep it may nest.

    Raises:
        DidError: did_malformed, document_malformed, or document_subject for a document of
            another DID.
    """
    split(did)
    try:
        members = strict_json.loads(document, max_bytes=max_bytes, max_depth=max_depth)
    except EncodingError as error:
        raise DidError("document_malformed", str(error)) from error
    if not isinstance(members, dict):
        raise _malformed("a JSON object was expected")
    if members.get("id") != did:
        raise DidError("document_subject", f"the document is not that of {did[:80]}")
    methods = [_method(each, did) for each in _entries(members, "verificationMethod")]
    listed = {purpose: _listed(members, purpose, methods, did) for purpose in Purpose}
    names = [method.id for method in methods]
    if len(set(names)) != len(names):
        raise _malformed("two verification methods have one id")
    return DidDocument(
        did,
        tuple(methods),
        listed[Purpose.AUTHENTICATION],
        listed[Purpose.ASSERTION_METHOD],
        _texts(members.get("controller", []), "controller"),
        tuple(_service(each, did) for each in _entries(members, "service")),
    )


def _listed(
    members: Mapping[str, Json], purpose: Purpose, methods: list[VerificationMethod], did: str
) -> tuple[str, ...]:
    """Return the ids for a purpose; a method that stands there itself is kept with the others."""
    names = []
    for entry in _entries(members, purpose):
        if isinstance(entry, dict):
            methods.append(_method(entry, did))
            names.append(methods[-1].id)
        else:
            names.append(_absolute(entry, did))
    return tuple(names)


def _method(entry: Json, did: str) -> VerificationMethod:
    if not isinstance(entry, dict):
        raise _malformed("a verification method is an object")
    jwk, multibase = entry.get(_JWK), entry.get(_MULTIBASE)
    if jwk is not None and multibase is not None:
        raise _malformed("a verification method has its key in two forms")
    if not isinstance(jwk, dict | None):
        raise _malformed(f"{_JWK} is not an object")
    return VerificationMethod(
        _absolute(entry.get("id"), did),
        _text(entry.get("type"), "type"),
        _text(entry.get("controller"), "controller"),
        jwk,
        None if multibase is None else _text(multibase, _MULTIBASE),
        {name: _text(entry[name], name) for name in _OTHER_FORMS if name in entry},
    )


def _service(entry: Json, did: str) -> Service:
    if not isinstance(entry, dict):
        raise _malformed("a service is an object")
    name, endpoint = _text(entry.get("id"), "id"), entry.get("serviceEndpoint")
    if not isinstance(endpoint, str | dict | list):
        raise _malformed("serviceEndpoint is no text, object or array")
    absolute = did + name if name.startswith("#") else name
    return Service(absolute, _texts(entry.get("type"), "type"), endpoint)


def _absolute(value: Json, did: str) -> str:
    """Return a DID URL with a fragment, the relative ones (section 3.2.2) in full."""
    text = _text(value, "id")
    url = did + text if text.startswith("#") else text
    subject, _, fragment = url.partition("#")
    if not subject.startswith("did:") or not fragment or "#" in fragment:
        raise _malformed(f"{text[:80]!r} is no DID URL with a fragment")
    return url


def _entries(members: Mapping[str, Json], name: str) -> list[Json]:
    value = members.get(name, [])
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        raise _malformed(f"{name} is no array of at most {MAX_ENTRIES} entries")
    return value


def _texts(value: Json, name: str) -> tuple[str, ...]:
    """Return one text or an array of them."""
    values = [value] if isinstance(value, str) else value
    return tuple(_text(each, name) for each in _entries({name: values}, name))


def _text(value: Json, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise _malformed(f"{name} is no text of at most {MAX_TEXT} characters")
    return value


def _malformed(detail: str) -> DidError:
    return DidError("document_malformed", detail)

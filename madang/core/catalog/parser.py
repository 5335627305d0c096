"""Reads the folder of a certificate type; the folder is data, so every slip is named."""

from collections.abc import Mapping

from madang.core.catalog.certificate_type import (
    Authority,
    AuthorityKind,
    Basis,
    CertificateType,
    Claim,
    Disclosure,
    Example,
    HolderType,
    IdentityLevel,
    MdocNames,
    Source,
    TypeId,
    ValueType,
)
from madang.core.catalog.claims_parser import parse_claims
from madang.core.catalog.errors import CatalogError, RecordError
from madang.core.catalog.payload import ATTESTER_GROUP, TYPE_GROUP, build_payload
from madang.core.catalog.reader import Node, load, shown
from madang.core.encoding.strict_json import Json
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC

TYPE_FILE, CLAIMS_FILE, EXAMPLE_FILE = "type.json", "claims.json", "example.json"
FILES = (TYPE_FILE, CLAIMS_FILE, EXAMPLE_FILE)
"""What a folder holds, nothing more and nothing less."""
FORMATS = (SD_JWT_VC, MSO_MDOC)
"""Credential formats that can be issued, by their OpenID4VCI format identifiers."""
MAX_VALIDITY_DAYS = 3660
MAX_VERSION = 9999
TYPE_ID = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
MDOC_NAME = r"[a-z]+(\.[A-Za-z0-9_-]+)+"
ATTESTER_NAME = f"{ATTESTER_GROUP}.name"
AUTHORITY_NAME = f"{TYPE_GROUP}.issuing_authority"


def parse_type(files: Mapping[str, bytes], folder: str) -> CertificateType:
    """Return the certificate type that a folder describes.

    Args:
        files: the folder's files by name.
        folder: the folder's name, which is the type's id.

    Raises:
        CatalogError: naming file, key and what was expected there.
    """
    for name in files:
        if name not in FILES:
            raise CatalogError(f"{folder}/{name}", "", f"only {', '.join(FILES)}", "this file")
    head = load(files, folder, TYPE_FILE)
    body = load(files, folder, CLAIMS_FILE)
    example = load(files, folder, EXAMPLE_FILE)
    example.only("record", "payload")
    certificate_type = _certificate_type(head, parse_claims(body), _example(example), folder)
    _check_attestation(body, certificate_type)
    _check_example(example, certificate_type)
    return certificate_type


def _certificate_type(
    node: Node, claims: tuple[Claim, ...], example: Example, folder: str
) -> CertificateType:
    node.only(*CertificateType.__slots__[:-2])
    if node.matching("id", TYPE_ID, "a name in snake_case") != folder:
        raise node.error("id", f"the folder's name {folder!r}", shown(node.members["id"]))
    return CertificateType(
        id=TypeId(folder),
        version=node.integer("version", 1, MAX_VERSION),
        names=node.texts("names"),
        descriptions=node.texts("descriptions"),
        issuing_authority=_authority(node.child("issuing_authority")),
        attested_by=AuthorityKind(node.choice("attested_by", [AuthorityKind.MUNICIPALITY])),
        holder_type=HolderType(node.choice("holder_type", [*HolderType])),
        identity_level=IdentityLevel(node.choice("identity_level", [*IdentityLevel])),
        requires_digital_id=node.flag("requires_digital_id"),
        validity_days=node.integer("validity_days", 1, MAX_VALIDITY_DAYS),
        formats=node.strings("formats", FORMATS),
        mdoc=_mdoc(node, claims),
        source=_source(node.child("source")),
        claims=claims,
        example=example,
    )


def _authority(node: Node) -> Authority:
    node.only("kind", "name", "names")
    kind = AuthorityKind(node.choice("kind", [*AuthorityKind]))
    return Authority(kind, node.text("name"), node.texts("names"))


def _source(node: Node) -> Source:
    node.only("name", "basis", "note")
    return Source(node.text("name"), Basis(node.choice("basis", [*Basis])), node.text("note"))


def _mdoc(node: Node, claims: tuple[Claim, ...]) -> MdocNames | None:
    if "mdoc" not in node.members:
        return None
    if MSO_MDOC not in node.strings("formats", FORMATS):
        raise node.error("mdoc", f"none without the format {MSO_MDOC}", "an object")
    child = node.child("mdoc")
    child.only("doc_type", "name_space", "own")
    form = "a name by reversed domain, for example org.iso.18013.5.1"
    firsts = [str(claim.path[0]) for claim in claims]
    return MdocNames(
        doc_type=child.matching("doc_type", MDOC_NAME, form),
        name_space=child.matching("name_space", MDOC_NAME, form),
        own=child.strings("own", firsts),
    )


def _example(node: Node) -> Example:
    return Example(node.child("record").members, node.child("payload").members)


def _check_attestation(node: Node, certificate_type: CertificateType) -> None:
    """Both attestation claims stand in the open, and a city never signs as a ministry."""
    own = certificate_type.issuing_authority.kind is AuthorityKind.MUNICIPALITY
    sources = {
        "issuing_authority": ATTESTER_NAME if own else AUTHORITY_NAME,
        "attested_by": ATTESTER_NAME,
    }
    for name, source in sources.items():
        claim = next((c for c in certificate_type.claims if c.path == (name,)), None)
        if (
            claim is None
            or (claim.source, claim.value_type) != (source, ValueType.STRING)
            or (claim.sd, claim.mandatory) != (Disclosure.NEVER, True)
        ):
            expected = f"a mandatory string from {source} with sd never"
            found = "nothing" if claim is None else "another form of it"
            raise node.error(f"claims, path {name}", expected, found)


def _check_example(node: Node, certificate_type: CertificateType) -> None:
    try:
        built = build_payload(certificate_type, certificate_type.example.record).claims
    except RecordError as error:
        raise node.error(f"record.{error.source}", error.expected, error.found) from error
    difference = _difference(built, certificate_type.example.payload, "payload")
    if difference is not None:
        place, expected, found = difference
        raise node.error(place, expected, found)


def _difference(
    built: Json, written: Json | Mapping[str, Json], place: str
) -> tuple[str, str, str] | None:
    """Return the first place where the written payload is not the built one."""
    if isinstance(built, dict) and isinstance(written, dict):
        for key in sorted(built.keys() | written.keys()):
            if key not in built or key not in written:
                expected = "what the record gives" if key in built else "nothing there"
                return f"{place}.{key}", expected, "nothing" if key in built else "a value"
            inner = _difference(built[key], written[key], f"{place}.{key}")
            if inner is not None:
                return inner
        return None
    if isinstance(built, list) and isinstance(written, list) and len(built) == len(written):
        pairs = enumerate(zip(built, written, strict=True))
        inners = (_difference(b, w, f"{place}[{index}]") for index, (b, w) in pairs)
        return next((inner for inner in inners if inner is not None), None)
    same = type(built) is type(written) and built == written
    return None if same else (place, f"{shown(built)} as the record gives", shown(written))

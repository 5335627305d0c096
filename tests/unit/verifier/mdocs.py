"""The city's certificates as mobile documents: issued, and shown to its running verifier."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import TypeId
from madang.core.catalog.payload import build_payload
from madang.core.encoding import base64url
from madang.core.formats.mdoc.device_auth import Authenticate, by_signature
from madang.core.formats.mdoc.issue import (
    ORDER_BYTES,
    SALT_BYTES,
    Copy,
    draft,
    issue,
    salts_from,
    shuffled,
)
from madang.core.formats.mdoc.model import (
    DeviceResponse,
    Document,
    encode_response,
    parse_issuer_signed,
)
from madang.core.formats.mdoc.mso import KeyAuthorizations, StatusReference, ValidityInfo
from madang.core.formats.mdoc.present import present
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.model import CredentialQuery
from madang.core.protocol.oid4vp.asked import Asked as Session
from madang.core.protocol.oid4vp.asked import asked_by
from tests.unit.madang.core.formats.mdoc.changing import signed_again
from tests.unit.verifier.world import DAY, NOW, TENANT, Asked, City

TYPE = TypeId("digital_id")


def chance(size: int) -> bytes:
    return hashlib.shake_256(b"a document").digest(size)


def query(city: City, query_id: str = "doc") -> dict[str, Any]:
    """Return a query for two elements of a Digital ID."""
    kind, domain = city.deps.catalogue.types[TYPE], city.deps.catalogue.domain
    names = [mdoc.element_name(domain, kind, (each,)) for each in ("name", "birthdate")]
    claims = [{"path": list(path)} for path in names]
    meta = {"doctype_value": city.deps.catalogue.doc_type(TYPE)}
    return {"id": query_id, "format": "mso_mdoc", "meta": meta, "claims": claims}


def issued(
    city: City,
    type_id: str = TYPE,
    *,
    signer: Signer | None = None,
    holder: int = 0,
    doc_type: str | None = None,
    status: int | bytes | None = 9,
    authorizations: KeyAuthorizations | None = None,
    until: int = NOW + 30 * DAY,
) -> bytes:
    """Return a type's example as the municipality issues it.

    Its status is a place in the list, a name on a list of those that are revoked, or none.
    """
    catalogue = city.deps.catalogue
    kind = catalogue.types[TypeId(type_id)]
    payload, _ = build_payload(kind, kind.example.record)
    elements = mdoc.elements(catalogue.domain, kind, payload)
    blank = draft(doc_type or catalogue.doc_type(type_id), elements, authorizations=authorizations)
    count = len(blank.elements)
    copy = Copy(
        city.land.holders[holder].public_key,
        ValidityInfo(NOW, NOW, until),
        salts_from(chance(SALT_BYTES * count)),
        shuffled(count, chance(ORDER_BYTES * count)),
        StatusReference(city.list_uri, status) if isinstance(status, int) else None,
    )
    by = signer or city.land.keys.signer(TENANT, "issuer")
    encoded = issue(blank, copy, by).encoded
    if not isinstance(status, bytes):
        return encoded
    listed = {"identifier_list": {"uri": city.list_uri, "id": status}}
    return signed_again(encoded, by, status=listed)


def shown(
    asked: Asked,
    query_id: str = "doc",
    *,
    issuer_signed: bytes | None = None,
    holder: int = 0,
    authenticate: Authenticate | None = None,
    change: Callable[[Document], Document] | None = None,
    session: Mapping[str, Any] | None = None,
    signs: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return a DeviceResponse with what was asked, for a session or for one that differs."""
    city, own, wanted = asked.city, session_of(asked), _query(asked, query_id)
    type_id = city.trust.types.get(wanted.meta.doctype_value or "", TYPE)
    document = present(
        parse_issuer_signed(issuer_signed or issued(city, type_id, holder=holder)),
        [(str(claim.path[0]), str(claim.path[1])) for claim in wanted.claims or ()],
        transcript=replace(own, **(session or {})).transcript,
        authenticate=authenticate or by_signature(city.land.holders[holder]),
        device_name_spaces=signs or {},
    )
    document = document if change is None else change(document)
    return base64url.encode(encode_response(DeviceResponse((document,))))


def _query(asked: Asked, query_id: str) -> CredentialQuery:
    found = asked.request.dcql_query.credential(query_id)
    assert found is not None
    return found


def session_of(asked: Asked) -> Session:
    """Return what the request of a presentation asked, and a device signs for."""
    return asked_by(asked.request)

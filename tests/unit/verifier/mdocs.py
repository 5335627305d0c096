"""The city's certificates as mdocs: issued, and shown to its verifier."""

from collections.abc import Mapping
from typing import Any

from madang.core.catalog import mdoc
from madang.core.catalog.payload import build_payload
from madang.core.encoding import base64url
from madang.core.formats.mdoc.device_auth import Authenticate, by_signature
from madang.core.formats.mdoc.issue import SALT_BYTES, Copy, draft, issue, salts_from
from madang.core.formats.mdoc.model import (
    DeviceResponse,
    IssuerSigned,
    encode_response,
    parse_issuer_signed,
)
from madang.core.formats.mdoc.mso import KeyAuthorizations, StatusReference, ValidityInfo
from madang.core.formats.mdoc.present import present
from madang.core.protocol.oid4vp.asked import Asked as Session
from madang.core.protocol.oid4vp.asked import asked_by
from tests.unit.verifier.world import DAY, NOW, TENANT, Asked, City


def document(
    city: City,
    type_id: str,
    *,
    holder: int = 0,
    index: int = 7,
    authorizations: KeyAuthorizations | None = None,
) -> IssuerSigned:
    """Issue the type's example."""
    catalogue = city.deps.catalogue
    kind = catalogue.types[type_id]  # type: ignore[index]
    claims, _ = build_payload(kind, kind.example.record)
    elements = mdoc.elements(catalogue.domain, kind, claims)
    blank = draft(catalogue.doc_type(type_id), elements, authorizations=authorizations)
    copy = Copy(
        device_key=city.land.holders[holder].public_key,
        validity=ValidityInfo(NOW, NOW, NOW + 30 * DAY),
        salts=salts_from(city.deps.ids.bytes(SALT_BYTES * len(blank.elements))),
        order=range(len(blank.elements)),
        status=StatusReference(city.list_uri, index),
    )
    return parse_issuer_signed(issue(blank, copy, city.land.keys.signer(TENANT, "issuer")).encoded)


def session(asked: Asked) -> Session:
    """Return what the device signs for."""
    return asked_by(asked.request)


def show(
    asked: Asked,
    query_id: str,
    *,
    shown: IssuerSigned | None = None,
    holder: int = 0,
    authenticate: Authenticate | None = None,
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Present a document with what was asked of it."""
    query = asked.request.dcql_query.credential(query_id)
    assert query is not None
    type_id = asked.city.trust.types[query.meta.doctype_value or ""]
    made = present(
        shown or document(asked.city, type_id, holder=holder),
        [(str(claim.path[0]), str(claim.path[1])) for claim in query.claims or ()],
        transcript=session(asked).transcript,
        authenticate=authenticate or by_signature(asked.city.land.holders[holder]),
        device_name_spaces=own or {},
    )
    return base64url.encode(encode_response(DeviceResponse((made,))))

"""Mobile documents of the catalogue's types, issued and shown to a running verifier."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import TypeId
from madang.core.catalog.payload import build_payload
from madang.core.encoding import base64url
from madang.core.formats.mdoc.device_auth import by_signature
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
from madang.core.protocol.oid4vp.asked import Asked as Session
from madang.core.protocol.oid4vp.asked import asked_by
from tests.unit.madang.core.formats.mdoc.changing import signed_again
from tests.unit.verifier.world import DAY, NOW, TENANT, Asked, City

TYPE = TypeId("digital_id")


def chance(size: int) -> bytes:
    return hashlib.shake_256(b"a document").digest(size)


def elements(city: City) -> dict[str, dict[str, Any]]:
    """Return the example's elements by namespace."""
    kind = city.deps.catalogue.types[TYPE]
    payload, _ = build_payload(kind, kind.example.record)
    return mdoc.elements(city.deps.catalogue.domain, kind, payload)


def names(city: City) -> list[tuple[str, str]]:
    """Return namespace and identifier of the elements that the tests ask for."""
    kind, domain = city.deps.catalogue.types[TYPE], city.deps.catalogue.domain
    return [tuple(mdoc.element_name(domain, kind, (each,))) for each in ("name", "birthdate")]


def query(city: City, query_id: str = "doc") -> dict[str, Any]:
    """Return a query for them."""
    claims = [{"path": list(path)} for path in names(city)]
    meta = {"doctype_value": city.deps.catalogue.doc_type(TYPE)}
    return {"id": query_id, "format": "mso_mdoc", "meta": meta, "claims": claims}


def issued(
    city: City,
    *,
    signer: Signer | None = None,
    holder: int = 0,
    doc_type: str | None = None,
    index: int | None = 9,
    authorizations: KeyAuthorizations | None = None,
    until: int = NOW + 30 * DAY,
    named: bytes | None = None,
) -> bytes:
    """Return an IssuerSigned, as the municipality issues it, or revocable by a name."""
    blank = draft(
        doc_type or city.deps.catalogue.doc_type(TYPE),
        elements(city),
        authorizations=authorizations,
    )
    count = len(blank.elements)
    copy = Copy(
        city.land.holders[holder].public_key,
        ValidityInfo(NOW, NOW, until),
        salts_from(chance(SALT_BYTES * count)),
        shuffled(count, chance(ORDER_BYTES * count)),
        None if index is None else StatusReference(city.list_uri, index),
    )
    by = signer or city.land.keys.signer(TENANT, "issuer")
    encoded = issue(blank, copy, by).encoded
    if named is None:
        return encoded
    status = {"identifier_list": {"uri": city.list_uri, "id": named}}
    return signed_again(encoded, by, status=status)


def shown(
    asked: Asked,
    *,
    issuer_signed: bytes | None = None,
    holder: int = 0,
    change: Callable[[Document], Document] | None = None,
    session: Mapping[str, Any] | None = None,
    signs: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return a DeviceResponse for a session, or for one that differs from it."""
    city, own = asked.city, session_of(asked)
    document = present(
        parse_issuer_signed(issuer_signed or issued(city)),
        names(city),
        transcript=replace(own, **(session or {})).transcript,
        authenticate=by_signature(city.land.holders[holder]),
        device_name_spaces=signs or {},
    )
    document = document if change is None else change(document)
    return base64url.encode(encode_response(DeviceResponse((document,))))


def session_of(asked: Asked) -> Session:
    """Return what the request of a presentation asked."""
    return asked_by(asked.request)

"""Mobile documents of the city: issued, presented, and put out of shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

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
from madang.core.formats.mdoc.mso import (
    IdentifierReference,
    KeyAuthorizations,
    StatusPlace,
    StatusReference,
    ValidityInfo,
)
from madang.core.formats.mdoc.present import present
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.model import DcqlQuery, parse_query
from madang.core.protocol.oid4vp.asked import Asked
from tests.unit.madang.core.formats.mdoc.changing import signed_again
from tests.unit.madang.core.protocol.oid4vp.city import DOC_TYPE, LISTS, NOW, City

OWN = "example.mapo.device"
ELEMENTS: Mapping[str, Mapping[str, Any]] = {
    DOC_TYPE: {"name": "Kim Mina", "adult": True, "portrait": b"\xff\xd8"},
    "example.mapo.more": {"pages": [1, 2]},
}
NAME = ((DOC_TYPE, "name"),)


@dataclass(frozen=True, kw_only=True)
class Licence:
    """How a document is issued; each member may be put out of shape."""

    city: City
    issuer: Signer | None = None
    holder: Signer | None = None
    doc_type: str = DOC_TYPE
    validity: ValidityInfo = field(default=ValidityInfo(NOW - 1000, NOW - 1000, NOW + 1000))
    status: StatusPlace | None = field(default=StatusReference(LISTS, 7))
    authorizations: KeyAuthorizations | None = None

    @property
    def device(self) -> Signer:
        """Return the holder's key."""
        return self.holder or self.city.holder

    def issued(self) -> bytes:
        """Return the IssuerSigned."""
        blank = draft(self.doc_type, ELEMENTS, authorizations=self.authorizations)
        count = len(blank.elements)
        salts = salts_from(bytes(range(SALT_BYTES * count)))
        order = shuffled(count, bytes(range(ORDER_BYTES * count)))
        own = self.status if isinstance(self.status, StatusReference) else None
        copy = Copy(self.device.public_key, self.validity, salts, order, own)
        signer = self.issuer or self.city.issuer
        encoded = issue(blank, copy, signer).encoded
        if not isinstance(self.status, IdentifierReference):
            return encoded
        named = {"uri": self.status.uri, "id": self.status.id}
        if self.status.certificate is not None:
            named["certificate"] = self.status.certificate
        status = {"identifier_list": named}
        return signed_again(encoded, signer, status=status)

    def document(
        self,
        *chosen: tuple[str, str],
        asked: Asked | None = None,
        authenticate: Authenticate | None = None,
        own: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Document:
        """Return the document that a device shows in a session."""
        return present(
            parse_issuer_signed(self.issued()),
            chosen,
            transcript=(asked or asked_for(self.city)).transcript,
            authenticate=authenticate or by_signature(self.device),
            device_name_spaces=own or {},
        )

    def shown(
        self,
        *chosen: tuple[str, str],
        change: Callable[[Document], Document] | None = None,
        **how: Any,
    ) -> str:
        """Return the presentation, with the document changed behind the device's back."""
        document = self.document(*chosen, **how)
        return response(document if change is None else change(document))


def response(*documents: Document, **members: Any) -> str:
    """Return a DeviceResponse as a presentation."""
    return base64url.encode(encode_response(DeviceResponse(documents, **members)))


def mdoc_query(
    *chosen: tuple[str, str], query_id: str = "lic", **changes: object
) -> dict[str, Any]:
    """Return one credential query for elements of the document."""
    claims = {"claims": [{"path": list(path)} for path in chosen]} if chosen else {}
    meta = {"doctype_value": DOC_TYPE}
    return {"id": query_id, "format": "mso_mdoc", "meta": meta, **claims, **changes}


def query_of(*credentials: Mapping[str, Any], **changes: object) -> DcqlQuery:
    """Return a query for these credentials."""
    return parse_query({"credentials": list(credentials), **changes})


def asked_for(city: City, query: DcqlQuery | None = None, **changes: Any) -> Asked:
    """Return what a session asked, encrypted and by post unless it is changed."""
    known: dict[str, Any] = {
        "query": query or query_of(mdoc_query(*NAME)),
        "client_id": str(city.client_id),
        "nonce": "n-1",
        "state": "s-1",
        "response_mode": "direct_post.jwt",
        "response_uri": "https://mapo.example/response/1",
        "jwk_thumbprint": b"\x07" * 32,
    }
    return Asked(**(known | changes))

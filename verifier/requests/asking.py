"""From an agency's wish to a presentation, and from an answer to what the agency is told."""

from dataclasses import dataclass
from typing import Any

from madang.core.encoding import base64url, strict_json
from madang.core.protocol.oid4vp import transaction_data
from madang.core.protocol.oid4vp.transaction_type import OF_PROTOCOL
from verifier.presentations.desk import Desk
from verifier.presentations.model import Checked, Manner, Open, Presentation, Terms, Use
from verifier.presentations.opening import UnknownPresentationError, Wanted
from verifier.presentations.telling import reasons_body, result_of, state_body, steps_body
from verifier.requests.callers import Asker
from verifier.requests.model import Wish

STAFF = "staff"
"""Whose requests those are that were opened on the agency's pages."""


class WishError(ValueError):
    """A wish that asks for nothing, or for transactions that cannot be named; says which."""


@dataclass(frozen=True, slots=True)
class Releasing:
    """Keeps what was proved for whoever asked, until it is fetched or forgotten."""

    def accept(self, terms: Terms, checked: Checked, *, now: int) -> str:  # noqa: ARG002  # the port's shape
        """Return the verified result as JSON."""
        credentials = [
            {
                "id": each.query_id,
                "format": each.format,
                "type": each.type_id,
                "issuer": each.issuer,
                "standing": each.standing.value,
                "claims": dict(each.claims),
                "holder": each.holder,
                "digest": base64url.encode(each.issuer_digest),
                "status_as_of": each.status_as_of,
            }
            for each in checked.credentials
        ]
        return strict_json.dumps({"credentials": credentials, "holder": checked.holder})


@dataclass(frozen=True, slots=True)
class Asking:
    """Opens requests of agencies."""

    desk: Desk

    def open(self, tenant: str, wish: Wish, asker: Asker) -> Open:
        """Open a presentation.

        Raises:
            WishError: it names neither a purpose nor a query.
            PurposeError, DcqlError, MannerError, ClientError, SnapshotError: as `Opener.open`.
        """
        wanted = Wanted(
            tenant=tenant,
            use=Use.REQUEST,
            purpose=wish.purpose,
            query=self._query(tenant, wish),
            actor=asker.actor,
            manner=Manner(
                response_mode=wish.response_mode,
                by_value=wish.request == "value",
                request_uri_method=wish.request_uri_method,
                transaction_data=tuple(map(_encoded, wish.transaction_data)),
                return_to=wish.return_to,
            ),
            prefix=wish.client_id_prefix,
            asker=asker.name,
        )
        return self.desk.open(wanted)

    def _query(self, tenant: str, wish: Wish) -> str:
        if wish.dcql_query is not None:
            return strict_json.dumps(dict(wish.dcql_query))
        if not wish.purpose:
            raise WishError("name a registered purpose, or a dcql_query")
        now = self.desk.clock.now()
        return self.desk.opener.query_for(tenant, wish.purpose, now=now)

    def find(self, tenant: str, request: str, asker: str) -> Presentation:
        """Return a request of this asker; UnknownPresentationError for any other."""
        found = self.desk.find(tenant, request)
        if found.terms.use is not Use.REQUEST or found.terms.asker != asker:
            raise UnknownPresentationError(request)
        return found

    def result(self, tenant: str, request: str, asker: str, code: str | None) -> Presentation:
        """Return a request with its result; errors as `find` and `Desk.result`."""
        self.find(tenant, request, asker)
        return self.desk.result(tenant, request, code)


def told(presentation: Presentation) -> dict[str, object]:
    """Return all that is known of a request: how it stands, every step, and what was proved."""
    result = result_of(presentation)
    return {
        **state_body(presentation),
        "result": None if result is None else strict_json.loads(result),
        "steps": steps_body(presentation),
        "reasons": reasons_body(presentation),
        "expires_at": presentation.terms.expires_at,
    }


def _encoded(content: dict[str, Any]) -> str:
    members = {name: value for name, value in content.items() if name not in OF_PROTOCOL}
    match content:
        case {"type": str(name), "credential_ids": [*ids]} if all(isinstance(i, str) for i in ids):
            hashes = content.get("transaction_data_hashes_alg", [])
            if isinstance(hashes, list) and all(isinstance(each, str) for each in hashes):
                return transaction_data.encode(name, ids, members, hash_algorithms=hashes)
    raise WishError("each of transaction_data should have type and credential_ids, as text")

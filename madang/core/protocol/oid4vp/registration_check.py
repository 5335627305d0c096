"""The wallet's check that a verifier is registered for what it asks.

Steps, in this order; a wallet that finds a fault tells the verifier nothing:
1. the request names one registered purpose; 2. the verifier is registered and not suspended;
3. the purpose is registered for it; 4. the query lies within the purpose; 5. the chain of the
request leads to the anchors in the record and names this verifier; 6. the texts are those that were
registered.
"""

from madang.core.catalog.certificate_type import Path
from madang.core.protocol.dcql.model import CredentialQuery, DcqlQuery
from madang.core.protocol.oid4vp.errors import refusing
from madang.core.protocol.oid4vp.request_check import VerifiedRequest
from madang.core.protocol.oid4vp.verifier_info import Registration, registration_of
from madang.core.trust.accreditation import texts_hash
from madang.core.trust.model import certified_key
from madang.core.trust.registry import Registry, TrustError

ANY_TYPE = "any type"


def check_registration(verified: VerifiedRequest, registry: Registry, *, now: int) -> Registration:
    """Return the registered use of a request whose signature was verified.

    Args:
        verified: the request.
        registry: of the wallet's own snapshot.
        now: seconds since the epoch.

    Raises:
        VpError: with a reason: purpose_missing, purpose_malformed, verifier_not_registered,
            verifier_suspended, purpose_not_registered, over_asking, verifier_name, a code of
            ChainError, or purpose_texts. None names an address to reply to.
    """
    found = registration_of(verified.request.verifier_info)
    asks = asked(verified.request.dcql_query)
    try:
        verifiers, purpose = registry.verifier(found.verifier, found.purpose, asks, now=now)
        roots = registry.roots(verifiers)
        certified_key(found.verifier, verified.chain, roots, now=now, body="verifier")
    except TrustError as error:
        raise refusing(error.code, "5.1")(str(error)) from None
    if texts_hash(found.texts) != purpose.texts:
        raise refusing("purpose_texts", "5.1")("the purpose is not told as it was registered")
    return found


def asked(query: DcqlQuery) -> dict[str, set[Path]]:
    """Return the claim paths that a query asks for, per type; one without a type asks for any."""
    found: dict[str, set[Path]] = {}
    for credential in query.credentials:
        for name in _types(credential):
            paths = (tuple(claim.path) for claim in credential.claims or ())
            found.setdefault(name, set()).update(paths)
    return found


def _types(credential: CredentialQuery) -> tuple[str, ...]:
    named = credential.meta.vct_values or ()
    doc_type = credential.meta.doctype_value
    return (*named, *(() if doc_type is None else (doc_type,))) or (ANY_TYPE,)

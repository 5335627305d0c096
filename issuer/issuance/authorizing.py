"""What holders may authorize with an mdoc: elements that its device signs (OpenID4VP 1.0 B.2.1)."""

from madang.core.catalog import mdoc
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.formats.mdoc.mso import KeyAuthorizations
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes
from madang.infra.catalogue import Catalogue
from madang.infra.transaction_types import TransactionTypesError


def key_authorizations(types: TransactionTypes, catalogue: Catalogue) -> KeyAuthorizations:
    """Return the elements of transaction types, for every mdoc's `keyAuthorizations`.

    Raises:
        TransactionTypesError: one is an element that the issuer itself signs: a holder could
            give it any value.
    """
    elements = {each.element for each in types.values() if each.element is not None}
    own = sorted(elements & _signed_by_issuer(catalogue))
    if own:
        told = ", ".join(" ".join(each) for each in own)
        raise TransactionTypesError(f"element {told} is a certificate's own; name another")
    names = sorted({name_space for name_space, _ in elements})
    return KeyAuthorizations(
        data_elements={
            name: tuple(sorted(each for name_space, each in elements if name_space == name))
            for name in names
        }
    )


def _signed_by_issuer(catalogue: Catalogue) -> set[tuple[str, str]]:
    return {
        mdoc.element_name(catalogue.domain, kind, claim.path)
        for kind in catalogue.types.values()
        if MSO_MDOC in kind.formats
        for claim in mdoc.elementary(kind)
    }

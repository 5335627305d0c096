"""A query that takes certificates in either format: as SD-JWT VC, or as mdoc.

Who asks cannot know what a wallet holds, and a query names one format (OpenID4VP 1.0 section 6.1).
So each SD-JWT VC that has an mdoc beside it is asked for twice, and a credential set says that one
of the two is enough; the SD-JWT VC comes first, for wallets take the first option that they can.
Where nothing has an mdoc the query stays as it is.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Final, NamedTuple, TypeAlias

from madang.core.catalog.certificate_type import Path
from madang.core.formats.identifiers import MSO_MDOC

_SUFFIX: Final = "-mdoc"


class AsMdoc(NamedTuple):
    """What is asked of a certificate when it comes as an mdoc.

    Attributes:
        doc_type: its document type.
        elements: paths of namespace and element; empty where no claim is asked for.
    """

    doc_type: str
    elements: tuple[Path, ...]


Form: TypeAlias = Callable[[str, tuple[Path, ...]], AsMdoc | None]
"""Finds the same claims of a `vct` in an mdoc; None where no mdoc has exactly those."""


def in_either_format(query: Mapping[str, Any], as_mdoc: Form) -> dict[str, Any]:
    """Return a query that an mdoc can answer too.

    Args:
        query: a DCQL query of our own for SD-JWT VCs, by one `vct` each; values that will do go
            with a claim that is one element, else the credential is asked as SD-JWT VC alone.
        as_mdoc: finds the mdoc.
    """
    twins = dict(_twins(query, as_mdoc))
    if not twins:
        return dict(query)
    asked = query["credentials"]
    sets = query.get("credential_sets") or [{"options": [[each["id"]]]} for each in asked]
    return {
        "credentials": [
            found for each in asked for found in (each, twins.get(each["id"])) if found
        ],
        "credential_sets": [
            {**each, "options": [*_options(each["options"], twins)]} for each in sets
        ],
    }


def _twins(query: Mapping[str, Any], as_mdoc: Form) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in query["credentials"]:
        for vct in each["meta"].get("vct_values", ()):
            claims = each.get("claims", ())
            found = as_mdoc(vct, tuple(tuple(claim["path"]) for claim in claims))
            restricted = [claim for claim in claims if "values" in claim]
            values = {
                form.elements[0]: claim["values"]
                for claim in restricted
                if (form := as_mdoc(vct, (tuple(claim["path"]),))) and len(form.elements) == 1
            }
            if found is not None and len(values) == len(restricted):
                yield each["id"], _credential(f"{each['id']}{_SUFFIX}", found, values)


def _credential(query_id: str, found: AsMdoc, values: Mapping[Path, list[Any]]) -> dict[str, Any]:
    claims = [
        {"path": list(path)} | ({"values": values[path]} if path in values else {})
        for path in found.elements
    ]
    return {
        "id": query_id,
        "format": MSO_MDOC,
        "meta": {"doctype_value": found.doc_type},
        **({"claims": claims} if claims else {}),
    }


def _options(options: list[list[str]], twins: Mapping[str, dict[str, Any]]) -> Iterator[list[str]]:
    """Yield every option in all its mixtures of formats."""
    for option in options:
        either = ([name, twins[name]["id"]] if name in twins else [name] for name in option)
        yield from map(list, product(*either))

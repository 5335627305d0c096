"""The types of transaction data that somebody knows, and what each has to look like (5.1, 8.4).

Verifiers register the types that they ask for, wallets those that they show to people. Both refuse
what is not of such a type: an unknown member could change what a holder believes to authorize.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Message, kind, load, read
from madang.core.protocol.oid4vp.errors import VpCode, refusing
from madang.core.protocol.oid4vp.transaction_data import TransactionData, parse_all

OF_PROTOCOL: Final = frozenset({"type", "credential_ids", "transaction_data_hashes_alg"})
"""Members of every type."""
KINDS: Final[Mapping[str, type]] = MappingProxyType(
    {"string": str, "integer": int, "number": float, "boolean": bool, "object": dict, "array": list}
)
"""Python types by the words of JSON Schema."""
Kind: TypeAlias = Literal["string", "integer", "number", "boolean", "object", "array"]
Name = Annotated[str, Field(min_length=1, max_length=500)]
_refuse = refusing("transaction_data", "8.4", VpCode.INVALID_TRANSACTION_DATA)


@dataclass(frozen=True, slots=True)
class TransactionType:
    """One type.

    Attributes:
        name: its ``type``; collision-resistant.
        members: its required members, each with the Python type of its JSON kind.
        optional: likewise those that may be left out.
        element: namespace and identifier under which an mdoc's device returns an array with the
            hash of each transaction as bytes (appendix B.2.1); None where no mdoc may authorize it.
    """

    name: str
    members: Mapping[str, type]
    optional: Mapping[str, type] = field(default_factory=dict)
    element: tuple[str, str] | None = None


TransactionTypes: TypeAlias = Mapping[str, TransactionType]
"""Types by name."""


class _Described(Message):
    model_config = ConfigDict(extra="forbid")

    members: dict[Name, Kind]
    optional: dict[Name, Kind] = Field(default_factory=dict)
    element: Annotated[tuple[Name, Name], Field(strict=False)] | None = None


def parse_types(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> TransactionTypes:
    """Read a file of types: an object with one member a type.

    Each names its ``members`` and, if it has any, those ``optional``, each with its JSON kind, and
    the ``element`` of an mdoc as an array of namespace and identifier.

    Raises:
        VpError: ``transaction_types``.
    """
    refuse = refusing("transaction_types", "8.4")
    value = load(data, limits.body_bytes, limits, refuse)
    if not isinstance(value, dict):
        raise refuse(f"an object with one member a type was expected, got {kind(value)}")
    return {name: _described(name, read(_Described, each, refuse)) for name, each in value.items()}


def _described(name: str, found: _Described) -> TransactionType:
    members, optional = (
        {member: KINDS[each] for member, each in kinds.items()}
        for kinds in (found.members, found.optional)
    )
    return TransactionType(name, members, optional, found.element)


def check_transactions(
    encoded: Sequence[str],
    query: DcqlQuery,
    types: TransactionTypes,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[TransactionData, ...]:
    """Return the transactions of a request if all are of known types and fit its query.

    Args:
        encoded: ``transaction_data`` as on the wire.
        query: of the same request.
        types: those that are known.
        limits: bounds on number and size.

    Raises:
        VpError: ``transaction_data``, with the wire code ``invalid_transaction_data``.
    """
    found = parse_all(encoded, limits=limits)
    for each in found:
        _check_members(each, types)
        _check_credentials(each, query)
        if each.usable_hash is None:
            raise _refuse(f"{each.type}: no hash of transaction_data_hashes_alg is known here")
    return found


def _check_members(data: TransactionData, types: TransactionTypes) -> None:
    known = types.get(data.type)
    if known is None:
        raise _refuse("a type of transaction_data is not known here")
    for name in known.members.keys() - data.members.keys():
        raise _refuse(f"{known.name}: {name} is required")
    allowed = {**known.members, **known.optional}
    for name in data.members.keys() - OF_PROTOCOL:
        if name not in allowed:
            raise _refuse(f"{known.name} has no member {name[:40]!r}")
        value: Any = data.members[name]
        if type(value) is not allowed[name]:
            raise _refuse(f"{known.name}: {name} is of another kind than {kind(value)}")


def _check_credentials(data: TransactionData, query: DcqlQuery) -> None:
    """Require that each credential is asked for with a proof of its key (appendix B.3.3)."""
    for query_id in data.credential_ids:
        asked = query.credential(query_id)
        if asked is None:
            raise _refuse(f"credential_ids: {query_id[:40]!r} is no credential of the query")
        if not asked.require_cryptographic_holder_binding:
            raise _refuse(f"credential_ids: {query_id[:40]!r} is asked without its holder's key")

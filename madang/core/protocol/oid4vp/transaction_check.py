"""Step 6: has each transaction been authorized, by one of its credentials (8.4, B.2.1, B.3.3.1)?"""

from collections.abc import Iterator, Sequence

from madang.core.protocol.oid4vp.presented import Authorized, Presented
from madang.core.protocol.oid4vp.transaction_data import (
    DEFAULT_HASH,
    HASHES,
    TransactionData,
    parse,
)
from madang.core.protocol.oid4vp.verdict import Step, StepFailure

_CLAUSE = "OpenID4VP 1.0 section 8.4"
_PROFILE = "OpenID4VP 1.0 appendix B.3.3.1"


def transaction_failures(
    encoded: Sequence[str], presented: Sequence[Presented]
) -> Iterator[StepFailure]:
    """Yield what was not authorized, and what was that nobody asked for.

    Where nothing was to be authorized, nothing is looked at.

    Args:
        encoded: ``transaction_data`` of our request.
        presented: every presentation, with the hashes that its holder signed.
    """
    if not encoded:
        return
    transactions = tuple(parse(each) for each in encoded)
    for item in presented:
        yield from _of_one(item, transactions)
    for data in transactions:
        by = [item for item in presented if _authorizing(item, data)]
        if not by:
            detail = f"no credential of {', '.join(data.credential_ids)} authorized a {data.type}"
            yield StepFailure(Step.TRANSACTION, "transaction_data_missing", _CLAUSE, detail)
        if len(by) > 1:
            detail = f"more than one credential authorized a {data.type}"
            yield StepFailure(Step.TRANSACTION, "transaction_data_twice", _CLAUSE, detail)


def _of_one(item: Presented, transactions: Sequence[TransactionData]) -> Iterator[StepFailure]:
    counted = {digest for data in transactions for digest in _authorizing(item, data)}
    if not counted.issuperset(item.authorized.digests):
        detail = "a hash is of no transaction that this credential was to authorize"
        code = "transaction_data_hash"
        yield StepFailure(Step.TRANSACTION, code, _PROFILE, detail, item.query_id)


def _authorizing(item: Presented, data: TransactionData) -> frozenset[str]:
    """Return the hashes in a presentation by which it authorizes a transaction."""
    if item.query_id not in data.credential_ids:
        return frozenset()
    return _digests(data, item.authorized) & item.authorized.of(data.type)


def _digests(data: TransactionData, authorized: Authorized) -> frozenset[str]:
    """Return the hashes that a holder may give, by the algorithm that it names.

    Without a name it is the default; with one asked for, an SD-JWT has to name what it used. An
    mdoc names none: there every hash that was asked for counts, for their lengths or inputs differ.
    """
    asked = data.hash_algorithms or (DEFAULT_HASH,)
    allowed = {name for name in asked if name in HASHES}
    if authorized.by_type is None:
        named = authorized.algorithm
        if named is None and data.hash_algorithms is not None:
            return frozenset()
        allowed &= {named or DEFAULT_HASH}
    return frozenset(data.digest(name) for name in allowed)

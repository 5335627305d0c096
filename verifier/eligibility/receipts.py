"""Receipts for what the office entered in its log."""

from madang.core.evidence.receipt import Receipt
from madang.core.merkle.entry import Entry, commitment
from madang.core.merkle.note import VerifierKey
from madang.infra.log_client import LogClient
from madang.infra.receipts import Logged, LogNotBelieved, LogReader, receipts
from verifier.eligibility.model import Entered


async def receipt_for(
    log: LogClient, tenant: str, entered: Entered | None, key: VerifierKey | None
) -> Receipt | None:
    """Return the receipt of an entry; None while there is none that holds.

    Args:
        log: where the published log is read.
        tenant: whose log.
        entered: what the office keeps of the entry.
        key: the log's key, known from elsewhere; without it no receipt can be checked.
    """
    if entered is None or entered.index is None or key is None:
        return None
    committed = commitment(entered.salt, entered.digest)
    entry = Entry(entered.index, entered.kind, entered.hour, entered.issuer, committed)
    thing = Logged(entered.digest, entered.salt, entry)
    try:
        found = await receipts(LogReader(tenant, log, key), [thing])
    except LogNotBelieved:
        return None
    return found.get(entered.digest)

"""What witnesses hold against a log, for the auditor's pages; one that is silent says nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.checkpoint import parse_note, verify
from madang.core.merkle.note import NoteError, VerifierKey
from madang.infra.http import HttpClient, HttpError

SECONDS: Final = 3.0
MOST_BYTES: Final = 1_000_000
MOST_PAIRS: Final = 20
"""One pair proves it; of the others, as many as somebody may want to look at."""
_OK: Final = 200

Pair = tuple[str, str]


def witness_word(
    http: HttpClient, urls: Iterable[str], key_of: Callable[[str], VerifierKey]
) -> Callable[[str], Awaitable[Sequence[Pair]]]:
    """Return what asks all witnesses for the pairs of checkpoints of a municipality's log.

    Args:
        http: the network.
        urls: identifiers of the witnesses.
        key_of: from a municipality to its log's key.
    """
    addresses = [f"{url.rstrip('/')}/conflicts" for url in urls]

    async def ask(tenant: str) -> Sequence[Pair]:
        answers = await asyncio.gather(*(_asked(http, address) for address in addresses))
        found = [pair for body in answers for pair in read_conflicts(body, key_of(tenant))]
        return tuple(dict.fromkeys(found))[:MOST_PAIRS]

    return ask


async def _asked(http: HttpClient, address: str) -> bytes:
    try:
        async with asyncio.timeout(SECONDS):
            answer = await http.request("GET", address)
    except (HttpError, TimeoutError):
        return b""
    return answer.body if answer.status == _OK else b""


def read_conflicts(body: bytes, key: VerifierKey) -> list[Pair]:
    """Return the pairs of checkpoints that one log has signed; nothing else has a place here.

    A witness that sends invented pairs must not crowd out the true ones of another.
    """
    try:
        value = strict_json.loads(body, max_bytes=MOST_BYTES)
    except EncodingError:
        return []
    listed = value.get("conflicts") if isinstance(value, dict) else None
    pairs = [_pair(each, key) for each in listed] if isinstance(listed, list) else []
    return [pair for pair in pairs if pair is not None][:MOST_PAIRS]


def _pair(value: object, key: VerifierKey) -> Pair | None:
    match value:
        case {"origin": named, "signed_by_witness": str(first), "refused": str(second)}:
            if named == key.name and _contradict(first, second, key):
                return first, second
    return None


def _contradict(first: str, second: str, key: VerifierKey) -> bool:
    try:
        pair = parse_note(first), parse_note(second)
    except NoteError:
        return False
    one, other = (each.checkpoint for each in pair)
    same_size = one.size == other.size and one.root != other.root
    return same_size and all(verify(each, key) for each in pair)

"""Tries at one transaction code by several processes at once: each is counted."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from issuer.offers.entitlements import CodePolicy, PreAuthorizedOffers
from issuer.offers.model import Entitlement, OfferId, OpenOffer, TxCodeHash, hash_of
from issuer.offers.store import OfferedRow, OfferRow, OfferStore
from issuer.sources.model import PersonId
from madang.access.authorization.model import Grant, GrantId, GrantReason, GrantRefused
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.infra.db import Database, sqlite_url
from tests.unit.issuer.world import NOW, TENANT

TRIES = 5
CODES = PreAuthorizedOffers(OfferStore, lambda _: {}, CodePolicy(TRIES, 600, 600, frozenset()))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the address of a database with one offer, whose transaction code is 123456."""
    address = sqlite_url(tmp_path / "issuer.db")
    with opened(address) as database:
        database.create(OfferRow, OfferedRow)
        entitlement = Entitlement(
            OfferId(GrantId("o")), PersonId("p"), IdentityLevel.HIGH, (TypeId("lease"),), {}, NOW
        )
        tx_code = TxCodeHash.of("123456", b"salt")
        with database.transaction() as session:
            offer = OpenOffer(entitlement, hash_of("code"), tx_code, 0, NOW + 900)
            OfferStore(session).keep(TENANT, offer)
    return address


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def tried(url: str, tx_code: str) -> Grant | GrantReason:
    """Try a transaction code as a process of its own would."""
    with opened(url) as database, database.transaction() as session:
        found = CODES.redeem(session, TENANT, "code", tx_code, now=NOW)
    return found.reason if isinstance(found, GrantRefused) else found


def test_tries_at_once_burn_the_offer_as_tries_in_a_row_do(url: str) -> None:
    guesses = [f"{number:06}" for number in range(4 * TRIES)]
    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(lambda guess: tried(url, guess), guesses))
    assert answers == {GrantReason.TX_CODE_WRONG: TRIES, GrantReason.OFFER_BURNT: 3 * TRIES}
    assert tried(url, "123456") is GrantReason.OFFER_BURNT


def test_the_right_code_sent_twice_at_once_is_good_once(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda code: tried(url, code), ["123456"] * 8)]
    assert sum(isinstance(each, Grant) for each in answers) == 1
    assert answers.count(GrantReason.CODE_USED) == 7

"""The cache of status lists: what it fetches, what it keeps, and what it says without a network."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from madang.core.protocol.oid4vp.status_check import AgedList, StatusLookup
from madang.core.protocol.oid4vp.verdict import StatusSource
from madang.core.status import identifier_list, token_cwt, token_jwt
from madang.core.status.errors import StatusError
from madang.core.status.identifier_list import IdentifierList, IdentifierListToken
from madang.core.status.token_status_list import INVALID, StatusList
from madang.infra.http import Answer
from tests.unit.verifier.world import DAY, NEIGHBOUR, NOW, TENANT, City
from verifier.presentations.list_shelf import KeptList, ListShelf
from verifier.presentations.status_lists import Bounds, FetchedStatusLists

TTL, RETRY, OFFLINE = 60, 10, 2 * DAY
BOUNDS = Bounds(
    list_bytes=100_000, seconds=TTL, offline=OFFLINE, lists=4, bytes=1_000_000, retry=RETRY
)


@dataclass
class Counter:
    """A counter's cache; restarting it leaves the database alone."""

    city: City
    bounds: Bounds = BOUNDS
    lists: FetchedStatusLists = None  # type: ignore[assignment]  # restarted at once

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        shelf = ListShelf(self.city.deps.database, self.bounds.lists, self.bounds.bytes)
        self.lists = FetchedStatusLists(self.city.web, self.city.trust, self.bounds, shelf)

    def source(self, uri: str = "", type_id: str = "digital_id") -> StatusSource:
        issuer = self.city.identifier("issuer")
        return StatusSource(uri or self.city.list_uri, self.city.vct(type_id), issuer)

    def lookup(self, after: int = 0, **source: str) -> StatusLookup:
        return asyncio.run(self.lists.lookup(self.source(**source), now=NOW + after))

    def together(self, *sources: StatusSource) -> list[StatusLookup]:
        async def all_of_them() -> list[StatusLookup]:
            return await asyncio.gather(*(self.lists.lookup(each, now=NOW) for each in sources))

        return asyncio.run(all_of_them())

    def no_network(self) -> None:
        self.city.web.published.clear()

    @property
    def asked(self) -> int:
        return len(self.city.web.asked)


@pytest.fixture
def counter(city: City) -> Counter:
    return Counter(city)


def code(found: StatusLookup) -> str:
    assert isinstance(found, StatusError), found
    return found.code


@pytest.fixture(params=[token_jwt.MEDIA_TYPE, token_cwt.MEDIA_TYPE])
def form(request: pytest.FixtureRequest, city: City) -> str:
    city.web.media_type = request.param
    city.publish_list()
    return str(request.param)


class TestInTime:
    @pytest.mark.usefixtures("form")
    def test_a_list_is_read_in_the_form_that_came(self, counter: Counter) -> None:
        counter.city.statuses.set(9, INVALID)
        counter.city.publish_list()
        found = counter.lookup()
        assert isinstance(found, StatusList)
        assert [found.get(index) for index in (8, 9)] == [0, INVALID]

    @pytest.mark.usefixtures("form")
    def test_it_is_used_without_the_network_for_its_ttl_and_no_longer(
        self, counter: Counter
    ) -> None:
        counter.city.publish_list(ttl=40)
        for after in (0, 39):
            assert isinstance(counter.lookup(after), StatusList)
        assert counter.asked == 1
        assert isinstance(counter.lookup(40), StatusList)
        assert counter.asked == 2

    @pytest.mark.parametrize("ttl", [None, 10 * DAY])
    def test_the_counter_s_own_bound_is_the_longest(
        self, counter: Counter, ttl: int | None
    ) -> None:
        counter.city.publish_list(ttl=ttl)
        counter.lookup()
        counter.lookup(TTL - 1)
        assert counter.asked == 1
        counter.lookup(TTL)
        assert counter.asked == 2

    def test_a_list_that_expires_before_is_fetched_again(self, counter: Counter) -> None:
        counter.city.publish_list(expires_at=NOW + 5)
        counter.lookup()
        counter.city.publish_list()
        assert isinstance(counter.lookup(5), StatusList)
        assert counter.asked == 2

    def test_an_identifier_list_is_kept_alike(self, counter: Counter) -> None:
        city, uri = counter.city, counter.city.list_uri
        listed = IdentifierList(frozenset({b"\x01"}))
        token = IdentifierListToken(uri, NOW, NOW + DAY, 40, listed)
        signer = city.land.keys.signer(TENANT, "issuer")
        city.web.media_type = identifier_list.MEDIA_TYPE
        city.web.published[uri] = identifier_list.encode(token, signer)
        assert [counter.lookup(after) for after in (0, 39, 40)] == [listed] * 3
        assert counter.asked == 2
        counter.restart()
        counter.no_network()
        assert counter.lookup(79) == listed
        assert counter.lookup(80) == AgedList(listed, 40)

    def test_every_form_is_asked_for(self, counter: Counter) -> None:
        sent: list[Mapping[str, str]] = []

        class Listening:
            async def request(
                self,
                method: str,
                url: str,
                *,
                headers: Mapping[str, str] | None = None,
                **_: object,
            ) -> Answer:
                sent.append(headers)
                return await counter.city.web.request(method, url)

        counter.lists._http = Listening()
        counter.lookup()
        forms = [token_jwt.MEDIA_TYPE, token_cwt.MEDIA_TYPE, identifier_list.MEDIA_TYPE]
        assert sent == [{"accept": ", ".join(forms)}]

    def test_a_list_is_verified_for_each_type_and_issuer(self, counter: Counter) -> None:
        counter.lookup()
        assert isinstance(counter.lookup(type_id="lease"), StatusList)
        assert counter.asked == 1  # the same bytes, verified again
        stranger = replace(counter.source(), issuer=counter.city.identifier("issuer", NEIGHBOUR))
        assert code(asyncio.run(counter.lists.lookup(stranger, now=NOW))) == "status_list_issuer"

    def test_a_clock_set_back_makes_no_list_younger(self, counter: Counter) -> None:
        counter.lookup(DAY - 100)
        counter.lookup(0)
        assert counter.asked == 2


class TestOneAtATime:
    def test_all_who_wait_for_an_address_get_its_one_answer(self, counter: Counter) -> None:
        sources = [counter.source(), counter.source(type_id="lease")] * 5
        found = counter.together(*sources)
        assert all(isinstance(each, StatusList) for each in found)
        assert counter.asked == 1

    def test_all_who_wait_get_its_one_failure(self, counter: Counter) -> None:
        counter.no_network()
        found = counter.together(*[counter.source()] * 5)
        assert {code(each) for each in found} == {"status_list_unreachable"}
        assert counter.asked == 1

    def test_other_addresses_do_not_wait(self, counter: Counter) -> None:
        other = f"{counter.city.list_uri}0"
        counter.city.publish_list(other, uri=other)
        found = counter.together(counter.source(), counter.source(other))
        assert all(isinstance(each, StatusList) for each in found)
        assert counter.city.web.asked == [counter.city.list_uri, other]
        assert not counter.lists._flights

    def test_one_who_gives_up_leaves_the_others_waiting_for_nothing(self, counter: Counter) -> None:
        """A browser that goes away cancels its request."""
        started, go_on = asyncio.Event(), asyncio.Event()

        class Slow:
            async def request(self, method: str, url: str, **_: object) -> Answer:
                started.set()
                await go_on.wait()
                return await counter.city.web.request(method, url)

        async def first_gives_up() -> StatusLookup:
            first, second = (
                asyncio.create_task(counter.lists.lookup(counter.source(), now=NOW))
                for _ in range(2)
            )
            await started.wait()
            first.cancel()
            go_on.set()
            return await asyncio.wait_for(second, 5)

        counter.lists._http = Slow()
        assert isinstance(asyncio.run(first_gives_up()), StatusList)
        assert counter.asked == 1
        assert not counter.lists._flights


class TestWithoutANetwork:
    def test_the_list_kept_is_used_and_its_age_is_told(self, counter: Counter) -> None:
        counter.city.statuses.set(9, INVALID)
        counter.city.publish_list()
        counter.lookup()
        counter.no_network()
        found = counter.lookup(4000)
        assert isinstance(found, AgedList)
        assert (found.age, found.statuses.get(9)) == (4000, INVALID)

    def test_its_age_is_told_when_its_ttl_is_over_and_not_when_we_ask_again(
        self, counter: Counter
    ) -> None:
        counter.city.publish_list(ttl=5 * TTL)
        counter.lookup()
        counter.no_network()
        assert isinstance(counter.lookup(5 * TTL - 1), StatusList)
        assert counter.asked == 2
        found = counter.lookup(5 * TTL)
        assert isinstance(found, AgedList)
        assert found.age == 5 * TTL

    def test_until_it_expires_and_no_longer(self, counter: Counter) -> None:
        counter.lookup()
        counter.no_network()
        assert isinstance(counter.lookup(DAY - 1), AgedList)
        assert code(counter.lookup(DAY)) == "status_list_unreachable"

    @pytest.mark.parametrize("expires_at", [NOW + 3650 * DAY, 2**63, 2**64 - 1])
    @pytest.mark.usefixtures("form")
    def test_the_counter_s_own_bound_is_the_longest_here_too(
        self, counter: Counter, expires_at: int
    ) -> None:
        counter.city.publish_list(expires_at=expires_at)
        counter.lookup()
        counter.no_network()
        for _ in range(2):
            assert isinstance(counter.lookup(OFFLINE - 1), AgedList)
            assert code(counter.lookup(OFFLINE)) == "status_list_unreachable"
            counter.restart()

    def test_a_list_that_names_no_end_is_used_for_its_ttl_alone(self, counter: Counter) -> None:
        counter.city.publish_list(expires_at=None)
        counter.lookup()
        counter.no_network()
        assert isinstance(counter.lookup(TTL - 1), StatusList)
        assert code(counter.lookup(TTL)) == "status_list_unreachable"

    def test_what_answers_but_has_no_list_is_no_network(self, counter: Counter) -> None:
        counter.lookup()
        counter.city.web.media_type = "text/html"
        assert isinstance(counter.lookup(TTL), AgedList)
        counter.city.web.media_type, counter.city.web.status = token_jwt.MEDIA_TYPE, 503
        assert isinstance(counter.lookup(TTL + RETRY), AgedList)
        assert counter.asked == 3

    def test_a_list_that_is_not_the_issuer_s_is_refused_all_the_same(
        self, counter: Counter
    ) -> None:
        counter.lookup()
        counter.city.publish_list(signer=counter.city.land.stranger)
        assert code(counter.lookup(TTL)) == "status_list_issuer"

    def test_an_older_list_than_one_seen_is_not_taken(self, counter: Counter) -> None:
        counter.city.publish_list(issued_at=NOW - 5)
        older = dict(counter.city.web.published)
        counter.city.statuses.set(9, INVALID)
        counter.city.publish_list(issued_at=NOW)
        counter.lookup()
        counter.city.web.published.update(older)
        found = counter.lookup(TTL)
        assert isinstance(found, AgedList)
        assert found.statuses.get(9) == INVALID
        counter.restart()
        again = counter.lookup(TTL)
        assert isinstance(again, AgedList)
        assert again.statuses.get(9) == INVALID

    def test_the_network_is_used_again_when_it_is_back(self, counter: Counter) -> None:
        counter.lookup()
        published = dict(counter.city.web.published)
        counter.no_network()
        counter.lookup(TTL)
        counter.city.web.published.update(published)
        assert isinstance(counter.lookup(TTL + RETRY - 1), AgedList)
        assert isinstance(counter.lookup(TTL + RETRY), StatusList)


class TestFailuresAreKeptShortly:
    def test_an_address_that_failed_is_left_alone_for_a_while(self, counter: Counter) -> None:
        published = dict(counter.city.web.published)
        counter.no_network()
        for after in (0, 1, RETRY - 1):
            assert code(counter.lookup(after)) == "status_list_unreachable"
        assert code(counter.lookup(RETRY - 1, type_id="lease")) == "status_list_unreachable"
        assert counter.asked == 1
        counter.city.web.published.update(published)
        assert isinstance(counter.lookup(RETRY), StatusList)
        assert counter.asked == 2

    def test_a_list_that_is_not_for_one_type_may_be_for_another(self, counter: Counter) -> None:
        wrong = replace(counter.source(), vct="https://unknown.example/type")
        assert code(asyncio.run(counter.lists.lookup(wrong, now=NOW))) == "status_list_issuer"
        assert code(asyncio.run(counter.lists.lookup(wrong, now=NOW))) == "status_list_issuer"
        assert counter.asked == 1
        assert isinstance(counter.lookup(), StatusList)

    def test_failures_are_bounded(self, counter: Counter) -> None:
        for number in range(10):
            counter.lookup(uri=f"https://id.hanbit.example/{number}")
        assert len(counter.lists._refused) == BOUNDS.lists


class TestAfterARestart:
    @pytest.mark.usefixtures("form")
    def test_a_list_in_its_ttl_needs_no_network(self, counter: Counter) -> None:
        counter.lookup()
        counter.no_network()
        counter.restart()
        assert isinstance(counter.lookup(TTL - 1), StatusList)
        assert counter.asked == 1

    @pytest.mark.usefixtures("form")
    def test_an_older_one_tells_its_age(self, counter: Counter) -> None:
        counter.lookup()
        counter.no_network()
        counter.restart()
        found = counter.lookup(5000)
        assert isinstance(found, AgedList)
        assert found.age == 5000
        counter.restart()
        assert code(counter.lookup(DAY)) == "status_list_unreachable"

    def test_what_was_altered_on_the_disk_counts_for_nothing(self, counter: Counter) -> None:
        counter.lookup()
        counter.no_network()
        shelf = counter.lists._shelf
        kept = shelf.get(counter.city.list_uri)
        assert kept is not None
        shelf.put(replace(kept, token=kept.token[:-8] + b"AAAAAAAA"), now=NOW)
        counter.restart()
        assert code(counter.lookup()) == "status_list_unreachable"

    def test_a_refused_list_is_not_kept(self, counter: Counter) -> None:
        counter.city.publish_list(signer=counter.city.land.stranger)
        counter.lookup()
        assert counter.lists._shelf.get(counter.city.list_uri) is None


class TestBounds:
    def published(self, counter: Counter, count: int, size: int = 64) -> list[str]:
        uris = [f"{counter.city.list_uri}{number}" for number in range(count)]
        for uri in uris:
            counter.city.publish_list(uri, uri=uri, statuses=StatusList.of_size(size))
        return uris

    def test_no_more_lists_are_kept_than_allowed(self, city: City) -> None:
        counter = Counter(city, replace(BOUNDS, lists=2))
        uris = self.published(counter, 3)
        for number, uri in enumerate(uris):
            assert isinstance(counter.lookup(number, uri=uri), StatusList)
        assert len(counter.lists._known) == 2
        counter.no_network()
        counter.restart()
        assert code(counter.lookup(3, uri=uris[0])) == "status_list_unreachable"
        assert isinstance(counter.lookup(3, uri=uris[2]), StatusList)

    def test_no_more_bytes_are_kept_than_allowed(self, city: City) -> None:
        counter = Counter(city, replace(BOUNDS, bytes=25_000))
        for uri in self.published(counter, 3, size=40_000):  # 10,000 bytes each
            assert isinstance(counter.lookup(uri=uri), StatusList)
        assert len(counter.lists._known) == 2

    @pytest.mark.parametrize(("spare", "kept"), [(-1, 0), (0, 1)])
    def test_a_list_counts_packed_and_unpacked(self, city: City, spare: int, kept: int) -> None:
        statuses = StatusList.of_size(40_000)
        size = len(statuses.values) + len(statuses.pack().lst)
        counter = Counter(city, replace(BOUNDS, bytes=size + spare))
        counter.lookup(uri=self.published(counter, 1, size=40_000)[0])
        assert len(counter.lists._known) == kept

    def test_a_list_larger_than_all_of_them_may_be_is_used_and_not_kept(self, city: City) -> None:
        counter = Counter(city, replace(BOUNDS, bytes=100))
        uris = self.published(counter, 1, size=40_000)
        assert isinstance(counter.lookup(uri=uris[0]), StatusList)
        assert not counter.lists._known


class TestShelf:
    @pytest.fixture
    def shelf(self, city: City) -> ListShelf:
        return ListShelf(city.deps.database, lists=3, size=100)

    def kept(self, name: str, at: int = 0, size: int = 10, life: int = 50) -> KeptList:
        return KeptList(f"https://i/{name}", "x/y", bytes(size), at, at + life)

    def names(self, shelf: ListShelf) -> str:
        return "".join(name for name in "abcde" if shelf.get(f"https://i/{name}"))

    def test_what_is_put_is_got_and_the_newest_counts(self, shelf: ListShelf) -> None:
        shelf.put(self.kept("a"), now=0)
        newer = self.kept("a", 5)
        shelf.put(newer, now=5)
        assert shelf.get("https://i/a") == newer
        assert shelf.get("https://i/b") is None

    def test_the_oldest_goes_when_there_are_too_many(self, shelf: ListShelf) -> None:
        for at, name in enumerate("abcd"):
            shelf.put(self.kept(name, at), now=at)
        assert self.names(shelf) == "bcd"

    def test_the_oldest_go_when_they_are_too_large(self, shelf: ListShelf) -> None:
        for at, (name, size) in enumerate((("a", 10), ("b", 40), ("c", 60))):
            shelf.put(self.kept(name, at, size), now=at)
        assert self.names(shelf) == "bc"

    def test_what_has_expired_goes(self, shelf: ListShelf) -> None:
        shelf.put(self.kept("a", life=10), now=0)
        shelf.put(self.kept("b", 9), now=9)
        assert self.names(shelf) == "ab"
        shelf.put(self.kept("c", 10), now=10)
        assert self.names(shelf) == "bc"

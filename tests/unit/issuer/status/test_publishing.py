"""How lists are published: forms, headers, when anew, what the log is told."""

import gzip
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import httpx
import pytest
from sqlmodel import select

from issuer.status.list_store import ListStore
from issuer.status.model import Flip, Place, Status
from issuer.status.publishing import FORMS, Press, publish
from issuer.status.signers import Signers
from issuer.status.usecases import ListPolicy, draw_places
from issuer.work import Work
from madang.core.encoding import base64url
from madang.core.envelope import cose
from madang.core.keys.signing import Signer, checker_for
from madang.core.keys.software import generate_ml_dsa_44, generate_p256
from madang.core.status import aggregation, token_cwt, token_jwt
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import INVALID, SUSPENDED, reference
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from madang.infra.outbox import OutboxRow
from madang.infra.tenancy import TenantId
from tests.unit.issuer.world import TENANT, World, digest_of, payload_of

JWT, CWT = FORMS


@pytest.fixture
def copies(world: World, holder_keys: Sequence[Signer]) -> list[str]:
    return world.digital_id(world.people()[0], holder_keys)


def get(world: World, path: str = "/1", **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.client.get(f"/{TENANT}/issuer/statuslists{path}", headers=sent)


def entries(world: World) -> list[OutboxRow]:
    with world.session() as session:
        return list(session.exec(select(OutboxRow).where(OutboxRow.kind == "status_list")))


def read(world: World, data: bytes, form: str) -> StatusListToken:
    uri, now = f"{world.identifier()}/statuslists/1", world.clock.now()
    checker = checker_for(world.authorities.signer(TENANT, "issuer").public_key)
    if form == CWT:
        parsed = token_cwt.parse(data)
        assert cose.x5chain(parsed.message)
        return token_cwt.verify(parsed, uri=uri, checker=checker, now=now)
    return token_jwt.verify(token_jwt.parse(data), uri=uri, checker=checker, now=now)


class TestForms:
    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            (None, JWT),
            ("*/*", JWT),
            ("application/*", JWT),
            (JWT, JWT),
            (CWT, CWT),
            (f"{JWT}, {CWT}", JWT),
            (f"{JWT};q=0.5, {CWT}", CWT),
            (f"*/*;q=0.1, {CWT.upper()}", CWT),
            (f"{JWT};q=0, */*", CWT),
        ],
    )
    @pytest.mark.usefixtures("copies")
    def test_a_reader_gets_the_form_it_likes_best(
        self, world: World, accept: str | None, form: str
    ) -> None:
        answer = get(world, accept=accept or "")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == form
        token = read(world, answer.content, form)
        assert token.packed.bits == (1 if form == CWT else 2)
        assert token.packed.aggregation_uri == f"{world.identifier()}/statuslists"
        assert token.ttl == world.settings.status_list_ttl_seconds
        assert token.expires_at == world.clock.now() + world.settings.status_list_seconds
        assert answer.headers["vary"] == "accept, accept-encoding"
        assert answer.headers["access-control-allow-origin"] == "*"

    @pytest.mark.parametrize("accept", ["text/html", f"{JWT};q=0", "application/json", "x;q=y"])
    @pytest.mark.usefixtures("copies")
    def test_a_reader_of_other_forms_gets_none(self, world: World, accept: str) -> None:
        answer = get(world, accept=accept)
        assert answer.status_code == 406
        assert CWT in answer.json()["detail"]
        assert not entries(world)

    def test_both_forms_say_the_same_but_a_cwt_in_one_bit(
        self, world: World, copies: list[str]
    ) -> None:
        world.set_status(copies[0], "suspended")
        jwt, cwt = (read(world, get(world, accept=form).content, form) for form in FORMS)
        assert replace(cwt, packed=jwt.packed) == jwt
        found = reference(payload_of(copies[0]))
        assert found is not None
        statuses = jwt.packed.unpack()
        assert statuses.get(found[1]) == SUSPENDED
        assert cwt.packed.unpack().values == statuses.in_one_bit().values
        assert cwt.packed.unpack().get(found[1]) == INVALID

    @pytest.mark.usefixtures("copies")
    def test_lists_of_the_past_are_not_told(self, world: World) -> None:
        for query in ("?time=1686925000", "?time=", "?time=now"):
            assert get(world, f"/1{query}").status_code == 501

    @pytest.mark.parametrize("number", ["2", "0", "-1", "x", "1" * 30, "\u0661"])
    @pytest.mark.usefixtures("copies")
    def test_a_list_that_is_not_there(self, world: World, number: str) -> None:
        for form in FORMS:
            assert get(world, f"/{number}", accept=form).status_code == 404
        assert not entries(world)

    @pytest.mark.usefixtures("copies")
    def test_the_aggregation_names_every_list(self, world: World) -> None:
        answer = get(world, "")
        assert answer.headers["content-type"] == "application/json"
        assert aggregation.parse(answer.content) == (f"{world.identifier()}/statuslists/1",)

    def test_there_may_be_none_yet(self, world: World) -> None:
        assert aggregation.parse(get(world, "").content) == ()


class TestHttp:
    @pytest.mark.usefixtures("copies")
    def test_a_jwt_goes_in_gzip_to_whom_takes_it_and_a_cwt_never(self, world: World) -> None:
        plain = get(world, accept_encoding="identity")
        assert "content-encoding" not in plain.headers
        coded = get(world, accept_encoding="br, gzip;q=0.5")
        assert coded.headers["content-encoding"] == "gzip"
        assert coded.content == plain.content  # httpx has unpacked it
        assert int(coded.headers["content-length"]) < len(plain.content)
        refused = get(world, accept_encoding="gzip;q=0, *")
        assert "content-encoding" not in refused.headers
        cwt = get(world, accept=CWT, accept_encoding="gzip")
        assert "content-encoding" not in cwt.headers
        with pytest.raises(gzip.BadGzipFile):
            gzip.decompress(cwt.content)

    def test_who_has_it_already_is_told_so(self, world: World, copies: list[str]) -> None:
        first = get(world, accept_encoding="identity")
        tag = first.headers["etag"]
        again = get(world, accept_encoding="identity", if_none_match=f'"x", W/{tag}')
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert get(world, accept=CWT, if_none_match=tag).status_code == 200
        assert get(world, accept_encoding="gzip", if_none_match=tag).status_code == 200
        world.set_status(copies[0], "suspended")
        changed = get(world, accept_encoding="identity", if_none_match=tag)
        assert changed.status_code == 200

    @pytest.mark.usefixtures("copies")
    def test_caches_keep_it_a_fraction_of_what_a_reader_may(self, world: World) -> None:
        seconds = world.settings.status_list_ttl_seconds // 5
        for path in ("", "/1"):
            assert get(world, path).headers["cache-control"] == f"public, max-age={seconds}"


class TestAnew:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.usefixtures("copies")
    def test_an_unchanged_list_is_signed_anew_four_times_in_its_life(
        self, world: World, form: str
    ) -> None:
        first = get(world, accept=form).content
        world.clock.advance(world.settings.status_list_seconds // 4 - 1)
        assert get(world, accept=form).content == first
        world.clock.advance(1)
        assert get(world, accept=form).content != first

    @pytest.mark.parametrize("form", FORMS)
    def test_a_change_publishes_it_anew(self, world: World, copies: list[str], form: str) -> None:
        first = get(world, accept=form).content
        world.set_status(copies[0], "suspended")
        assert get(world, accept=form).content != first

    def test_what_changes_nothing_publishes_nothing(self, world: World, copies: list[str]) -> None:
        world.set_status(copies[0], "suspended")
        first = get(world).content
        world.set_status(copies[0], "suspended")
        assert get(world).content == first

    def test_each_publication_is_logged_by_its_hash(self, world: World, copies: list[str]) -> None:
        tokens = [get(world, accept=form).content for form in (JWT, JWT, CWT, CWT)]
        world.set_status(copies[0], "suspended")
        tokens += [get(world, accept=form).content for form in FORMS]
        digests = {base64url.encode(digest_of(token.decode("latin-1"))) for token in tokens[:2]}
        assert digests <= {entry.digest for entry in entries(world)}
        assert len({*tokens}) == 4
        assert len(entries(world)) == 2 * 4  # each with its second signature


class TestAMillion:
    """The size that is aimed at; `make bench` has the figures."""

    POLICY = ListPolicy(1_000_000, 90, 300, 86_400, 0, 120)

    def work(self, now: int = 1_800_000_000) -> Work:
        ids = SeededIds("million")
        return Work(TenantId(TENANT), "https://i", now, ids, lambda _code, _reference: None)

    def change_and_publish(self, database: Database, signers: Signers, index: int) -> bytes:
        with database.transaction() as session:
            store = ListStore(session)
            store.plan(TENANT, [Flip(Place(1, index), Status.SUSPENDED, 0)], now=0)
            store.apply(1)
            press = Press(signers, lambda _: None, self.POLICY)
            return publish(self.work(), store, 1, JWT, press).token

    def test_one_change_reaches_the_published_list_within_a_blink(self) -> None:
        database = Database()
        signers = Signers(generate_p256("issuer"), generate_ml_dsa_44("second"))
        database.create(*_tables())
        with database.transaction() as session:
            places = draw_places(self.work(), ListStore(session), 1000, self.POLICY)
        assert len({*places}) == 1000
        with database.transaction() as session:
            flips = [Flip(place, Status.INVALID, 0) for place in places]
            ListStore(session).plan(TENANT, flips, now=0)
        self.change_and_publish(database, signers, 5)
        spent = []
        for index in range(6, 11):
            started = time.process_time()
            token = self.change_and_publish(database, signers, index)
            spent.append(time.process_time() - started)
        statuses = token_jwt.read(token_jwt.parse(token)).packed.unpack()
        marked = {place.index for place in places} | set(range(5, 11))
        found = {index for index in range(len(statuses)) if statuses.get(index)}
        assert found == marked
        assert min(spent) < 0.1  # CPU seconds; the rebuilding from rows took several
        database.close()


def _tables() -> Sequence[Callable[..., object]]:
    from issuer.status.list_store import TABLES  # noqa: PLC0415 - beside its one use

    return TABLES

"""Looking for chains over the network: what is asked, what is kept, and for how long."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import strict_json
from madang.core.protocol.dcql.authorities import Authorities
from madang.core.protocol.openid.entity_statement import MAX_BYTES, MEDIA_TYPE
from madang.core.protocol.openid.federation import Federation
from madang.infra import ca
from madang.infra.anchors import AnchorsError
from madang.infra.federation import (
    ISSUERS_KEPT,
    FederationAnchorsError,
    FederationBounds,
    FederationPaths,
    load_authorities,
)
from madang.infra.http import Answer, HttpError
from tests.unit.madang.core.protocol.openid.realm import (
    ANCHOR,
    ISSUER,
    MIDDLE,
    NOW,
    Realm,
    jwks,
    realm_of,
)

BOUNDS = FederationBounds(seconds=300, retry=10, search=0.5)
LINE = frozenset({ISSUER, MIDDLE, ANCHOR})


class Web:
    """The realm over HTTP."""

    def __init__(self, realm: Realm) -> None:
        self.realm = realm
        self.media_type, self.status, self.padding, self.pause = MEDIA_TYPE, 200, b"", 0.0
        self.asked: list[str] = []

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,  # noqa: ARG002  # the port's shape
    ) -> Answer:
        assert (method, headers) == ("GET", {"accept": MEDIA_TYPE})
        self.asked.append(url)
        await asyncio.sleep(self.pause)
        if url not in self.realm.published:
            raise HttpError("nobody there")
        kind = {"content-type": f"{self.media_type}; charset=utf-8"}
        return Answer(self.status, kind, self.realm.published[url] + self.padding)


@pytest.fixture
def web() -> Web:
    return Web(realm_of())


def paths(web: Web, bounds: FederationBounds = BOUNDS) -> FederationPaths:
    return FederationPaths(web, web.realm.anchors(), bounds)


def place(of: FederationPaths, *issuers: str, after: int = 0) -> dict[str, frozenset[str]]:
    return dict(asyncio.run(of.place(issuers, now=NOW + after)).members)


def test_the_entities_above_an_issuer_are_found(web: Web) -> None:
    of = paths(web)
    assert place(of, ISSUER, "CN=leaf") == {ISSUER: LINE, "CN=leaf": frozenset()}


def test_a_path_is_kept_for_its_time(web: Web) -> None:
    of = paths(web)
    for after in (0, 299):
        assert place(of, ISSUER, after=after) == {ISSUER: LINE}
    assert len(web.asked) == 5
    web.realm.published.clear()
    assert place(of, ISSUER, after=300) == {ISSUER: frozenset()}


def test_a_path_is_not_kept_beyond_its_end_nor_before_it_was_found(web: Web) -> None:
    web.realm.tell(MIDDLE, ISSUER, exp=NOW + 50)
    of = paths(web)
    assert place(of, ISSUER, after=49) == {ISSUER: LINE}
    assert place(of, ISSUER, after=50) == {ISSUER: frozenset()}
    web.realm.tell(MIDDLE, ISSUER)
    assert place(of, ISSUER, after=20) == {ISSUER: LINE}


def test_an_issuer_without_a_path_is_left_alone_for_a_while(web: Web) -> None:
    kept = dict(web.realm.published)
    web.realm.published.clear()
    of = paths(web)
    assert place(of, ISSUER) == {ISSUER: frozenset()}
    web.realm.published.update(kept)
    assert place(of, ISSUER, after=9) == {ISSUER: frozenset()}
    assert place(of, ISSUER, after=10) == {ISSUER: LINE}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("media_type", "application/json"),
        ("status", 404),
        ("padding", b"x" * MAX_BYTES),
        ("pause", 5.0),
    ],
)
def test_what_is_no_statement_in_time_leads_nowhere(web: Web, name: str, value: object) -> None:
    setattr(web, name, value)
    bounds = FederationBounds(search=0.05)
    assert place(paths(web, bounds), ISSUER) == {ISSUER: frozenset()}


def test_an_issuer_that_took_the_whole_time_is_left_alone_after_that(web: Web) -> None:
    web.pause = 5.0
    of = paths(web, FederationBounds(retry=1, search=1.0))
    assert place(of, ISSUER) == {ISSUER: frozenset()}
    before = len(web.asked)
    assert place(of, ISSUER, after=1) == {ISSUER: frozenset()}
    assert len(web.asked) == before
    web.pause = 0.0
    assert place(of, ISSUER, after=2) == {ISSUER: LINE}


def test_those_who_ask_at_once_get_what_one_search_finds(web: Web) -> None:
    web.pause = 0.01
    of = paths(web)

    async def many() -> list[Federation]:
        return await asyncio.gather(*(of.place((ISSUER,), now=NOW) for _ in range(5)))

    assert [dict(each.members) for each in asyncio.run(many())] == [{ISSUER: LINE}] * 5
    assert len(web.asked) == 5


def test_several_issuers_take_no_longer_than_one(web: Web) -> None:
    web.pause = 5.0
    issuers = [ISSUER, *(f"https://n{number}.example" for number in range(20))]
    found = asyncio.run(
        asyncio.wait_for(
            paths(web, FederationBounds(search=0.1)).place(issuers, now=NOW), timeout=1.0
        )
    )
    assert dict(found.members) == dict.fromkeys(issuers, frozenset())


def test_nothing_is_asked_without_an_anchor(web: Web) -> None:
    assert place(FederationPaths(web, {}, BOUNDS), ISSUER) == {ISSUER: frozenset()}
    assert web.asked == []


def test_no_more_issuers_are_kept_than_that(web: Web) -> None:
    of = paths(web)
    place(of, ISSUER)
    place(of, *(f"https://n{number}.example" for number in range(ISSUERS_KEPT)))
    before = len(web.asked)
    place(of, ISSUER)
    assert len(web.asked) == before + 5


def test_anchors_come_from_a_file(tmp_path: Path) -> None:
    realm, file = realm_of(), tmp_path / "anchors.json"
    file.write_bytes(strict_json.dumps({ANCHOR: jwks(realm.key(ANCHOR))}).encode())
    assert load_authorities(file, {}).federation == Federation(realm.anchors())
    assert load_authorities(None, {}) == Authorities()
    file.write_bytes(b"[]")
    for path in (file, tmp_path / "absent"):
        with pytest.raises(FederationAnchorsError, match=path.name):
            load_authorities(path, {})


def test_lists_come_from_folders(tmp_path: Path) -> None:
    root = ca.root(ec.generate_private_key(ec.SECP256R1()), "listed", now=NOW)
    (tmp_path / "1.der").write_bytes(root.der)
    assert load_authorities(None, {"https://list.example": tmp_path}) == Authorities(
        lists={"https://list.example": (root.der,)}
    )
    with pytest.raises(AnchorsError):
        load_authorities(None, {"https://list.example": tmp_path / "absent"})

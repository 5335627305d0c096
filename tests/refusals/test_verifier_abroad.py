"""A standard's document type from an authority elsewhere, which no registry of ours knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from madang.core.keys.software import SoftwareSigner
from madang.core.status import token_cwt
from tests.refusals.test_verifier_trust import OUTSIDE, SIGNER, ask, refused
from tests.refusals.test_verifier_trust import ROOT as LIBRARY_ROOT
from tests.unit.madang.core.trust.authorities import KEYS, ROOT_NAME, made, name, signer
from tests.unit.verifier.mdocs import issued, query, shown
from tests.unit.verifier.world import DAY, NOW, City, Land, found_land, narrowed, open_city

MDL = "org.iso.18013.5.1.mDL"


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Land:
    return found_land(tmp_path_factory.mktemp("abroad"))


def elsewhere(*, path_length: int = 0) -> tuple[bytes, SoftwareSigner, SoftwareSigner]:
    """Return an issuing authority abroad, who signs its licences, and who its lists."""
    then = NOW - DAY
    root = made(ROOT_NAME, ROOT_NAME, "root", "root", ca_path=path_length, start=then)
    licences = SoftwareSigner(KEYS["signer"], "k", (signer(start=then),))
    by_root = made(name(c="KR", cn="lists"), ROOT_NAME, "other", "root", start=then)
    return root, licences, SoftwareSigner(KEYS["other"], "k", (by_root,))


def licence_query(city: City) -> dict[str, Any]:
    return query(city) | {"meta": {"doctype_value": MDL}}


@contextmanager
def abroad(land: Land, tmp_path: Path, root: bytes) -> Iterator[City]:
    file = tmp_path / "abroad.der"
    file.write_bytes(root)
    with open_city(land, ask_outside_registry=OUTSIDE, credential_anchors=file) as city:
        yield city


@pytest.mark.parametrize("status", [None, 8, 9])
def test_a_licence_from_elsewhere_counts_under_its_anchor(
    land: Land, tmp_path: Path, status: int | None
) -> None:
    """Its type is in the catalogue, but no authority is the only one that issues it."""
    root, by, lists = elsewhere()
    with abroad(land, tmp_path, root) as city:
        city.statuses.set(9, 1)
        city.web.media_type = token_cwt.MEDIA_TYPE
        city.publish_list(signer=lists)
        asked, key = ask(city, licence_query(city))
        document = issued(city, signer=by, doc_type=MDL, status=status)
        text = shown(asked, issuer_signed=document)
        if status == 9:
            assert refused(city, asked, key, text) == ["status_revoked"]
            return
        assert asked.answer({"doc": [text]}).status_code == 200
        (proved,) = city.told(asked.id, key).json()["result"]["credentials"]
        assert (proved["issuer"], proved["standing"]) == ("CN=signer,C=KR", "valid")
        assert city.web.asked.count(city.list_uri) == (0 if status is None else 1)


def test_v25_a_licence_from_elsewhere_for_a_registered_purpose(land: Land, tmp_path: Path) -> None:
    root, by, _ = elsewhere()
    with abroad(land, tmp_path, root) as city:
        wanted = licence_query(city)
        paths = [tuple(each["path"]) for each in wanted["claims"]]
        narrowed(city, "counter_identification", MDL, paths)
        key = city.key()
        wish = {"purpose": "counter_identification", "dcql_query": {"credentials": [wanted]}}
        answer = city.ask(wish, key=key)
        assert answer.status_code == 201, answer.text
        asked = city.asked(answer.json())
        text = shown(asked, issuer_signed=issued(city, signer=by, doc_type=MDL, status=None))
        assert "issuer_not_accredited" in refused(city, asked, key, text)


def test_v25_a_licence_under_an_anchor_for_something_else(land: Land, tmp_path: Path) -> None:
    """An authority for licences signs nothing but their signers (ISO/IEC 18013-5 annex B)."""
    root, by, _ = elsewhere(path_length=1)
    with abroad(land, tmp_path, root) as city:
        asked, key = ask(city, licence_query(city))
        text = shown(asked, issuer_signed=issued(city, signer=by, doc_type=MDL, status=None))
        assert refused(city, asked, key, text) == ["root_path_length"]


def test_v25_a_licence_from_elsewhere_in_another_format(land: Land, tmp_path: Path) -> None:
    """The standard knows an mdoc: by its name nothing else comes past the registry and annex B."""
    with abroad(land, tmp_path, LIBRARY_ROOT.der) as city:
        wanted = {"id": "doc", "format": "dc+sd-jwt", "meta": {"vct_values": [MDL]}}
        asked, key = ask(city, wanted | {"claims": [{"path": ["name"]}]})
        said = {"iss": "https://library.example", "vct": MDL}
        text = asked.show("doc", city.credential("digital_id", signer=SIGNER, **said))
        assert refused(city, asked, key, text) == ["issuer_not_accredited"]

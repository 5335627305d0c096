"""Pages: everything escaped, in the reader's language."""

import re
import string
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from madang.infra.web.i18n import DEFAULT, LANGUAGES, TextError, Texts, load_texts
from tests.unit.madang.infra.web.conftest import CATALOG, Visitor

PAGE = "/hanbit/page"


def language(visitor: Visitor, path: str = PAGE, **headers: str) -> str:
    html = visitor.get(path, headers=headers).text
    return html.partition('<html lang="')[2].partition('"')[0]


class TestLanguage:
    def test_the_wish_in_the_address_comes_first(self, visitor: Visitor) -> None:
        headers = {"cookie": "madang_language=ko", "accept-language": "ko"}
        assert language(visitor, f"{PAGE}?lang=ja", **headers) == "ja"

    def test_then_the_cookie(self, visitor: Visitor) -> None:
        headers = {"cookie": "madang_language=ja", "accept-language": "en"}
        assert language(visitor, **headers) == "ja"

    @pytest.mark.parametrize(
        ("accepted", "expected"),
        [
            ("en-GB,en;q=0.9", "en"),
            ("fr-FR, ja;q=0.8, en;q=0.7", "ja"),
            ("JA-jp", "ja"),
            ("fr,de", DEFAULT),
            ("", DEFAULT),
            (";;;,,", DEFAULT),
        ],
    )
    def test_then_what_the_browser_accepts(
        self, visitor: Visitor, accepted: str, expected: str
    ) -> None:
        assert language(visitor, **{"accept-language": accepted}) == expected

    @pytest.mark.parametrize("wish", ["fr", "", "<script>", "../ko"])
    def test_a_wish_for_another_language_is_passed_over(self, visitor: Visitor, wish: str) -> None:
        assert language(visitor, f"{PAGE}?lang={wish}", **{"accept-language": "ja"}) == "ja"

    def test_a_wish_is_remembered(self, visitor: Visitor) -> None:
        cookie = visitor.get(f"{PAGE}?lang=ja").headers["set-cookie"]
        assert cookie.startswith("madang_language=ja;")
        assert "HttpOnly" in cookie
        assert "set-cookie" not in visitor.get(PAGE).headers

    def test_the_links_to_the_languages_keep_the_rest_of_the_address(
        self, visitor: Visitor
    ) -> None:
        html = visitor.get(f"{PAGE}?index=7&lang=ja").text
        for each in LANGUAGES:
            assert f'href="{PAGE}?index=7&amp;lang={each}"' in html

    @pytest.mark.parametrize("path", ["//elsewhere.example/", "/%5Celsewhere.example/"])
    def test_the_links_to_the_languages_lead_to_no_other_host(
        self, visitor: Visitor, path: str
    ) -> None:
        html = visitor.get(f"http://site{path}", headers={"accept": "text/html"}).text
        links = re.findall(r'href="([^"]*lang=[^"]*)"', html)
        assert len(links) == len(LANGUAGES)
        base = "https://id.hanbit.example/start"
        assert {urlsplit(urljoin(base, link)).hostname for link in links} == {"id.hanbit.example"}
        assert not any("\\" in link for link in links)


class TestRendering:
    def test_values_are_escaped(self, visitor: Visitor) -> None:
        html = visitor.get(PAGE).text
        assert "&lt;script&gt;" in html
        assert "<script" not in html

    def test_pages_are_not_kept(self, visitor: Visitor) -> None:
        assert visitor.get(PAGE).headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        "needed",
        ['<meta name="viewport"', 'class="skip" href="#main"', '<main id="main">', "<header>"],
    )
    def test_every_page_can_be_used_by_keyboard_and_phone(
        self, visitor: Visitor, needed: str
    ) -> None:
        assert needed in visitor.get(PAGE).text

    def test_nobody_signed_in_sees_no_way_out(self, visitor: Visitor) -> None:
        assert "/sign-out" not in visitor.get(PAGE).text

    def test_the_style_sheet_names_nothing_foreign(self, visitor: Visitor) -> None:
        style = visitor.get("/style.css")
        assert style.headers["content-type"].startswith("text/css")
        assert "max-age" in style.headers["cache-control"]
        for foreign in ("http:", "https:", "//", "@import", "url("):
            assert foreign not in style.text


def write(folder: Path, language: str, content: str, name: str = "area") -> None:
    (folder / language).mkdir(exist_ok=True)
    (folder / language / f"{name}.json").write_text(content, "utf-8")


class TestTexts:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for each in LANGUAGES:
            write(tmp_path, each, '{"a": "A {name}"}')
        return tmp_path

    def test_every_key_of_the_catalogue_is_there_in_all_languages(self) -> None:
        by_language = load_texts(CATALOG / "texts").by_language
        keys = {language: texts.keys() for language, texts in by_language.items()}
        assert len({frozenset(each) for each in keys.values()}) == 1
        assert not [key for texts in by_language.values() for key, t in texts.items() if not t]

    def test_places_of_a_text_are_the_same_in_all_languages(self) -> None:
        by_language = load_texts(CATALOG / "texts").by_language
        for key in by_language[DEFAULT]:
            places = {frozenset(_places(texts[key])) for texts in by_language.values()}
            assert len(places) == 1, key

    def test_values_are_filled_in(self, folder: Path) -> None:
        assert load_texts(folder).text("en", "a", name="moon") == "A moon"

    @pytest.mark.parametrize(
        ("language", "key", "values"), [("en", "b", {}), ("en", "a", {}), ("fr", "a", {"name": ""})]
    )
    def test_a_text_that_is_not_there(
        self, folder: Path, language: str, key: str, values: dict[str, str]
    ) -> None:
        with pytest.raises(TextError, match=repr(key)):
            load_texts(folder).text(language, key, **values)

    def test_a_missing_language(self, folder: Path) -> None:
        write(folder, "ko", '{"b": "B"}', "more")
        with pytest.raises(TextError, match="en lacks b"):
            load_texts(folder)

    def test_a_key_twice(self, folder: Path) -> None:
        write(folder, "ko", '{"a": "B"}', "more")
        with pytest.raises(TextError, match="'a' is in another file"):
            load_texts(folder)

    @pytest.mark.parametrize("content", ["[]", '{"a": 1}', '{"a": {}}', "{", '{"a":"1","a":"2"}'])
    def test_a_file_that_is_no_object_of_texts(self, folder: Path, content: str) -> None:
        write(folder, "ko", content)
        with pytest.raises(TextError, match=r"area\.json"):
            load_texts(folder)

    def test_whether_there_is_a_text(self) -> None:
        texts = Texts({"en": {"a": "A"}})
        assert texts.has("en", "a")
        assert not texts.has("en", "b")


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("wish", "name"), [("ko", "한빛시"), ("en", "Hanbit"), ("ja", "ハンビッ市")]
)
def test_the_heading_names_the_municipality(visitor: Visitor, wish: str, name: str) -> None:
    heading = visitor.get(f"{PAGE}?lang={wish}").text.partition('class="brand">')[2]
    assert heading.startswith(name)

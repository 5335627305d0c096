"""What people see of a type: the model of rendering, and the language that fits."""

import json
from typing import Any

import pytest

from madang.core.formats.sd_jwt.display import ClaimDisplay, Contrast, choose
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.type_metadata import TypeMetadata, integrity, matches, read

VCT = "https://i/vct/lease/1"


def with_rendering(rendering: Any) -> bytes:
    display = [{"locale": "en", "name": "Lease", "rendering": rendering}]
    return json.dumps({"vct": VCT, "display": display}).encode()


def read_rendering(rendering: Any) -> Any:
    metadata: TypeMetadata = read(with_rendering(rendering), vct=VCT)
    return metadata.display[0].rendering


IMAGE = b"an image"


def test_rendering_is_kept_with_the_hashes_of_what_stands_elsewhere() -> None:
    found = read_rendering(
        {
            "simple": {
                "logo": {"uri": "https://i/l", "uri#integrity": integrity(IMAGE), "alt_text": "L"},
                "background_image": {"uri": "https://i/b"},
                "background_color": "#12107c",
                "text_color": "#FFFFFF",
                "unknown": 1,
            },
            "svg_templates": [
                {"uri": "https://i/1", "properties": {"orientation": "portrait"}},
                {"uri": "https://i/2", "properties": {"contrast": "high", "color_scheme": "dark"}},
            ],
            "another_method": {},
        }
    )
    assert (found.simple.logo.uri, found.simple.logo.alt_text) == ("https://i/l", "L")
    assert matches(IMAGE, found.simple.logo.uri_integrity)
    assert not matches(IMAGE + b"!", found.simple.logo.uri_integrity)
    assert found.simple.background_image.uri_integrity is None
    assert (found.simple.background_color, found.simple.text_color) == ("#12107c", "#FFFFFF")
    assert [template.uri for template in found.svg_templates] == ["https://i/1", "https://i/2"]
    assert found.svg_templates[1].properties.contrast is Contrast.HIGH


@pytest.mark.parametrize(
    "rendering",
    [
        {"simple": {"logo": {}}},
        {"simple": {"logo": {"uri": 1}}},
        {"simple": {"background_color": 1}},
        {"simple": []},
        {"svg_templates": []},
        {"svg_templates": {}},
        {"svg_templates": [{}]},
        {"svg_templates": [{"uri": "u", "properties": {}}]},
        {"svg_templates": [{"uri": "u", "properties": {"orientation": "upside down"}}]},
        {"svg_templates": [{"uri": "u"}, {"uri": "v", "properties": {"contrast": "high"}}]},
    ],
)
def test_rendering_of_another_form_is_refused(rendering: object) -> None:
    with pytest.raises(SdJwtError) as refused:
        read(with_rendering(rendering), vct=VCT)
    assert refused.value.code == "malformed_type_metadata"


def test_one_template_needs_no_properties() -> None:
    assert read_rendering({"svg_templates": [{"uri": "u"}]}).svg_templates[0].properties is None


@pytest.mark.parametrize(
    ("languages", "label"),
    [
        (["ko"], "ko"),
        (["KO-kr"], "ko"),
        (["en-US"], "en-US"),
        (["en-GB"], "en-US"),
        (["en"], "en-US"),
        (["zh-Hant-TW"], "zh-Hant"),
        (["fr", "ko"], "ko"),
        (["fr"], "zh-Hant"),
        ([], "zh-Hant"),
    ],
)
def test_the_language_that_fits_best_is_chosen(languages: list[str], label: str) -> None:
    displays = [ClaimDisplay(locale=tag, label=tag) for tag in ("zh-Hant", "en-US", "ko", "kok")]
    found = choose(displays, languages)
    assert found is not None
    assert found.label == label


def test_the_first_display_of_a_language_counts_and_none_is_none() -> None:
    twice = [ClaimDisplay(locale="en", label=label) for label in ("first", "second")]
    assert choose(twice, ["en"]) is twice[0]
    assert choose([], ["en"]) is None

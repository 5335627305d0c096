"""What people see of a type and its claims (SD-JWT VC Display Metadata, Claim Display Metadata).

Nothing is fetched or drawn here: the model keeps addresses with the hashes of what stands there.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator


class Part(BaseModel):
    """A part of a document; unknown members are accepted and never decided on."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Image(Part):
    """An image elsewhere (Logo Metadata, Background Image Metadata)."""

    uri: StrictStr
    uri_integrity: StrictStr | None = Field(default=None, alias="uri#integrity")
    alt_text: StrictStr | None = None


class Simple(Part):
    """Rendering without SVG (Rendering Method "simple"); colours are CSS values."""

    logo: Image | None = None
    background_image: Image | None = None
    background_color: StrictStr | None = None
    text_color: StrictStr | None = None


class Orientation(StrEnum):
    """The orientation that a template is made for."""

    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"


class ColorScheme(StrEnum):
    """The colour scheme that a template is made for."""

    LIGHT = "light"
    DARK = "dark"


class Contrast(StrEnum):
    """The contrast that a template is made for."""

    NORMAL = "normal"
    HIGH = "high"


class SvgProperties(Part):
    """What a template is made for, at least one of them (SVG Template Properties)."""

    orientation: Orientation | None = None
    color_scheme: ColorScheme | None = None
    contrast: Contrast | None = None

    @model_validator(mode="after")
    def _some(self) -> "SvgProperties":
        if (self.orientation, self.color_scheme, self.contrast) == (None, None, None):
            raise ValueError("at least one of orientation, color_scheme and contrast is expected")
        return self


class SvgTemplate(Part):
    """An SVG elsewhere with places for claims (Rendering Method "svg_template")."""

    uri: StrictStr
    uri_integrity: StrictStr | None = Field(default=None, alias="uri#integrity")
    properties: SvgProperties | None = None


class Rendering(Part):
    """The ways in which a type can be drawn (Rendering Metadata)."""

    simple: Simple | None = None
    svg_templates: Annotated[tuple[SvgTemplate, ...] | None, Field(min_length=1)] = None

    @model_validator(mode="after")
    def _told_apart(self) -> "Rendering":
        templates = self.svg_templates or ()
        if len(templates) > 1 and any(template.properties is None for template in templates):
            raise ValueError("of several svg_templates each needs properties")
        return self


class TypeDisplay(Part):
    """What people read of the type in one language (Display Metadata)."""

    locale: StrictStr
    name: StrictStr
    description: StrictStr | None = None
    rendering: Rendering | None = None


class ClaimDisplay(Part):
    """What people read of a claim in one language (Claim Display Metadata)."""

    locale: StrictStr
    label: StrictStr
    description: StrictStr | None = None


class _Localized(Protocol):
    @property
    def locale(self) -> str: ...


_Display = TypeVar("_Display", bound=_Localized)


def choose(displays: Sequence[_Display], languages: Sequence[str]) -> _Display | None:
    """Return the display that fits a reader best, None if there is none at all.

    For each language in turn: the tag itself, then the tag cut from its end (RFC 4647
    section 3.4), then any region of that language. If no language fits, the first display.

    Args:
        displays: in the order of the document.
        languages: tags (RFC 5646), the best first.
    """
    by_tag = {display.locale.lower(): display for display in reversed(displays)}
    for language in languages:
        subtags = language.lower().split("-")
        for end in range(len(subtags), 0, -1):
            if found := by_tag.get("-".join(subtags[:end])):
                return found
        for display in displays:
            if display.locale.lower().startswith(f"{subtags[0]}-"):
                return display
    return displays[0] if displays else None

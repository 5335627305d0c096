"""Pictures as figures: where boxes, lines and bars stand; templates only draw them.

Units are those of a phone's screen: a picture of 360 fits its width, so letters keep their size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger_node.audit.model import ProofStep

WIDTH: Final = 360
_BOX: Final = (168, 54)
_ROW: Final = 84
_LEFT, _MIDDLE, _RIGHT = 4, 96, 188


@dataclass(frozen=True, slots=True)
class Box:
    """A hash in the tree.

    Attributes:
        x, y: of its upper left corner.
        hash: hex.
        step: number of the step that computes it; None for what the proof gives.
    """

    x: int
    y: int
    hash: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line from a box down to one of the two that it is computed from."""

    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True, slots=True)
class PathPicture:
    """The way from the leaf, which is at the bottom, to the root."""

    width: int
    height: int
    boxes: Sequence[Box]
    strokes: Sequence[Stroke]


def draw_path(steps: Sequence[ProofStep]) -> PathPicture:
    """Return the picture of a proof: at each level what is computed, and what the proof gives."""
    boxes: list[Box] = []
    strokes: list[Stroke] = []
    last = len(steps) - 1
    x = _MIDDLE
    for number in range(last, -1, -1):
        y = (last - number) * _ROW + 2
        step = steps[number]
        boxes.append(Box(x, y, step.result, number))
        if number:
            own, other = (_RIGHT, _LEFT) if step.left else (_LEFT, _RIGHT)
            boxes.append(Box(other, y + _ROW, step.sibling, None))
            middle, bottom = x + _BOX[0] // 2, y + _BOX[1]
            strokes += [
                Stroke(middle, bottom, below + _BOX[0] // 2, y + _ROW) for below in (own, other)
            ]
            x = own
    return PathPicture(WIDTH, last * _ROW + _BOX[1] + 4, boxes, strokes)


_PLOT_LEFT, _PLOT_RIGHT = 56, 354
_BARS_TOP, _BARS_BOTTOM = 14, 174
_SIZE_TOP, _SIZE_BOTTOM = 232, 312


@dataclass(frozen=True, slots=True)
class Period:
    """A day or an hour.

    Attributes:
        name: as people read it.
        counts: new entries by kind.
        size: of the log at its end; None if that was not counted.
    """

    name: str
    counts: Mapping[str, int]
    size: int | None

    @property
    def total(self) -> int:
        """The number of new entries."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Bar:
    """New entries of one kind in one period."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    period: str
    count: int


@dataclass(frozen=True, slots=True)
class GrowthPicture:
    """New entries as bars, and below the size of the log as a line.

    Attributes:
        bars: the bars.
        line: points of the size, as SVG writes them; empty if sizes are not known.
        most: entries at the upper end of the bars' axis, at least 1.
        sizes: smallest and largest size at the line's axis.
        ends: names of the first and the last period.
    """

    bars: Sequence[Bar]
    line: str
    most: int
    sizes: tuple[int, int]
    ends: tuple[str, str]
    width: int = WIDTH
    height: int = 340


def draw_growth(periods: Sequence[Period]) -> GrowthPicture:
    """Return the picture of at least one period; kinds are piled up in their order."""
    most = max(1, *(period.total for period in periods))
    slot = (_PLOT_RIGHT - _PLOT_LEFT) / len(periods)
    scale = (_BARS_BOTTOM - _BARS_TOP) / most
    bars: list[Bar] = []
    for number, period in enumerate(periods):
        bottom = float(_BARS_BOTTOM)
        for kind, count in period.counts.items():
            height = count * scale
            bottom -= height
            x = _PLOT_LEFT + number * slot + slot * 0.1
            # A single entry beside thousands is seen nevertheless.
            drawn = max(height, 2.0)
            y = min(bottom, _BARS_BOTTOM - drawn)
            bars.append(Bar(_r(x), _r(y), _r(slot * 0.8), _r(drawn), kind, period.name, count))
    sizes = [period.size for period in periods if period.size is not None]
    ends = (periods[0].name, periods[-1].name)
    if len(sizes) < len(periods):
        return GrowthPicture(bars, "", most, (0, 0), ends)
    return GrowthPicture(bars, _line(sizes, slot), most, (sizes[0], sizes[-1]), ends)


def _line(sizes: Sequence[int], slot: float) -> str:
    low, high = sizes[0], sizes[-1]
    scale = (_SIZE_BOTTOM - _SIZE_TOP) / max(1, high - low)
    points = (
        (_PLOT_LEFT + (number + 0.5) * slot, _SIZE_BOTTOM - (size - low) * scale)
        for number, size in enumerate(sizes)
    )
    return " ".join(f"{_r(x)},{_r(y)}" for x, y in points)


def _r(value: float) -> float:
    return round(value, 1)

"""Pictures: everything stands inside, and at a phone's width letters keep their size."""

from hypothesis import given
from hypothesis import strategies as st

from ledger_node.audit.drawing import WIDTH, Period, draw_growth, draw_path
from ledger_node.audit.model import ProofStep

STEPS = [
    ProofStep("", left=False, result="aa"),
    ProofStep("bb", left=True, result="cc"),
    ProofStep("dd", left=False, result="ee"),
]


def test_the_root_is_on_top_and_each_box_is_above_the_two_that_it_joins() -> None:
    picture = draw_path(STEPS)
    places = {box.hash: (box.x, box.y) for box in picture.boxes}
    assert [box.hash for box in picture.boxes] == ["ee", "dd", "cc", "bb", "aa"]
    assert places["ee"][1] < places["cc"][1] == places["dd"][1] < places["aa"][1]
    assert places["bb"][0] < places["aa"][0]
    assert places["cc"][0] < places["dd"][0]
    assert len(picture.strokes) == 4


def test_what_is_computed_says_its_step() -> None:
    assert {box.hash: box.step for box in draw_path(STEPS).boxes} == {
        "ee": 2, "cc": 1, "aa": 0, "bb": None, "dd": None,
    }  # fmt: skip


def test_a_log_of_one_entry_is_one_box() -> None:
    picture = draw_path(STEPS[:1])
    assert (len(picture.boxes), picture.strokes) == (1, [])


@given(st.lists(st.booleans(), max_size=60))
def test_every_box_and_stroke_is_inside(sides: list[bool]) -> None:
    steps = [STEPS[0], *(ProofStep("bb", left=left, result="cc") for left in sides)]
    picture = draw_path(steps)
    for box in picture.boxes:
        assert 0 <= box.x <= WIDTH - 168
        assert 0 <= box.y <= picture.height - 54
    for stroke in picture.strokes:
        assert 0 <= min(stroke.x1, stroke.x2) <= max(stroke.x1, stroke.x2) <= WIDTH
        assert 0 <= stroke.y1 < stroke.y2 <= picture.height


COUNTS = st.dictionaries(st.sampled_from(["credential", "key"]), st.integers(1, 10**9))


@given(st.lists(COUNTS, min_size=1, max_size=31), st.integers(0, 10**9))
def test_every_bar_is_inside_and_none_is_lost(counts: list[dict[str, int]], size: int) -> None:
    periods = []
    for at, found in enumerate(counts):
        size += sum(found.values())
        periods.append(Period(f"day {at}", found, size))
    picture = draw_growth(periods)
    assert len(picture.bars) == sum(len(found) for found in counts)
    for bar in picture.bars:
        assert 56 <= bar.x <= bar.x + bar.width <= 354
        assert 0 <= bar.y <= bar.y + bar.height <= 175
        assert bar.height >= 2
    assert picture.most == max(1, *(period.total for period in periods))
    points = [point.split(",") for point in picture.line.split()]
    heights = [float(y) for _, y in points]
    assert heights == sorted(heights, reverse=True)
    assert all(232 <= height <= 312 for height in heights)


def test_without_sizes_there_is_no_line() -> None:
    picture = draw_growth([Period("a", {}, None), Period("b", {"key": 1}, 7)])
    assert (picture.line, picture.sizes) == ("", (0, 0))

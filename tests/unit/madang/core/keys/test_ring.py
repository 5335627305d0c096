"""Rotations held to what they promise, by any history of decisions and at any second."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import canonical_json
from madang.core.keys.decided import MAX_KID, MAX_TIME, Decided
from madang.core.keys.life import Active, Announced, Compromised, LifeError, Retired, VerifyOnly
from madang.core.keys.ring import MAX_VERSIONS, Ring, Taken

CACHE, LONGEST = 300, 5000
NOW = 1_800_000_000


def ring(*announced: int) -> Ring:
    """Return a ring of keys k1, k2 ... announced at these times."""
    made = Ring()
    for number, now in enumerate(announced, 1):
        made = made.announce(f"k{number}", now=now, cache=CACHE, longest=LONGEST)
    return made


def states(of: Ring, now: int) -> list[object]:
    return [version.state for version in of.at(now)]


def test_the_first_key_signs_at_once() -> None:
    active = ring(NOW).active(NOW)
    assert active is not None
    assert (active.number, active.kid) == (1, "k1")
    assert states(ring(NOW), NOW - 1) == []


def test_a_rotation_second_by_second() -> None:
    rotated, switch = ring(NOW, NOW + 1000), NOW + 1000 + CACHE
    assert states(rotated, NOW + 999) == [Active(NOW)]
    assert states(rotated, NOW + 1000) == [Active(NOW), Announced(NOW + 1000, switch)]
    assert states(rotated, switch - 1) == [Active(NOW), Announced(NOW + 1000, switch)]
    over = switch + LONGEST
    assert states(rotated, switch) == [VerifyOnly(switch, over), Active(switch)]
    assert states(rotated, over - 1) == [VerifyOnly(switch, over), Active(switch)]
    assert states(rotated, over) == [Retired(over), Active(switch)]
    assert [v.kid for v in rotated.published(over - 1)] == ["k1", "k2"]
    assert [v.kid for v in rotated.published(over)] == ["k2"]


def test_one_key_is_announced_at_a_time() -> None:
    with pytest.raises(LifeError, match=r"version 2 .* signs from 2027-01-15 08:21:40 UTC"):
        ring(NOW, NOW + 1000, NOW + 1001)
    assert len(ring(NOW, NOW + 1000, NOW + 1000 + CACHE).decided) == 3


def test_the_same_key_is_no_new_version() -> None:
    with pytest.raises(LifeError, match="a key of its own"):
        ring(NOW).announce("k1", now=NOW + 1, cache=CACHE, longest=LONGEST)


def test_a_clock_that_went_back_announces_nothing() -> None:
    with pytest.raises(LifeError, match="before the one that it follows"):
        ring(NOW).announce("k2", now=NOW - 1, cache=CACHE, longest=LONGEST)


def test_a_compromised_key_is_gone_at_once_and_its_successor_keeps_its_time() -> None:
    rotated = ring(NOW, NOW + 1000).compromise(1, now=NOW + 1001)
    assert rotated.active(NOW + 1000) is not None
    assert rotated.active(NOW + 1001) is None
    assert [v.kid for v in rotated.published(NOW + 1001)] == ["k2"]
    switch = NOW + 1000 + CACHE
    assert states(rotated, switch) == [Compromised(NOW + 1001), Active(switch)]


def test_a_compromised_announcement_never_signs() -> None:
    for at in (NOW + 1000, NOW + 1001, NOW + 999 + CACHE):
        rotated = ring(NOW, NOW + 1000).compromise(2, now=at)
        assert states(rotated, NOW + 10_000) == [Active(NOW), Compromised(at)]
    again = rotated.announce("k3", now=NOW + 2000, cache=CACHE, longest=LONGEST)
    assert again.at(NOW + 2000 + CACHE)[2].state == Active(NOW + 2000 + CACHE)


@pytest.mark.parametrize("at", [NOW + 1300, NOW + 1300 + LONGEST, NOW + 20_000])
def test_a_key_that_signs_no_more_can_be_compromised_too(at: int) -> None:
    rotated = ring(NOW, NOW + 1000).compromise(1, now=at)
    assert states(rotated, at)[0] == Compromised(at)
    active = rotated.active(at)
    assert active is not None
    assert active.number == 2


def test_after_the_only_key_is_given_up_the_next_waits_for_every_kept_copy() -> None:
    lost = ring(NOW).compromise(1, now=NOW + 500)
    assert lost.active(NOW + 500) is None
    again = lost.announce("k2", now=NOW + 500, cache=CACHE, longest=LONGEST)
    assert again.active(NOW + 500 + CACHE - 1) is None
    assert again.active(NOW + 500 + CACHE) is not None


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_version_that_is_not_there_is_not_given_up(number: int) -> None:
    with pytest.raises(LifeError, match=f"no version {number}"):
        ring(NOW).compromise(number, now=NOW)


def test_a_key_is_given_up_once() -> None:
    with pytest.raises(LifeError, match="compromised since 2027-01-15 08:00:01 UTC"):
        ring(NOW).compromise(1, now=NOW + 1).compromise(1, now=NOW + 2)


def test_a_longer_life_counts_for_keys_that_still_sign() -> None:
    rotated, switch = ring(NOW, NOW + 1000), NOW + 1000 + CACHE
    longer = rotated.allow(9000, now=switch)
    assert [each.longest for each in longer.decided] == [LONGEST, 9000]
    assert rotated.allow(9000, now=switch - 1).at(switch)[0].state == VerifyOnly(
        switch, switch + 9000
    )
    assert longer.allow(10, now=switch) == longer


def test_the_steps_are_told_in_their_order() -> None:
    rotated, switch = ring(NOW, NOW + 1000).compromise(2, now=NOW + 3000), NOW + 1000 + CACHE
    told = [(taken.at, taken.number, taken.step.value) for taken in rotated.taken(NOW + 9999)]
    assert told == [
        (NOW, 1, "announced"),
        (NOW, 1, "active"),
        (NOW + 1000, 2, "announced"),
        (switch, 1, "verify-only"),
        (switch, 2, "active"),
        (NOW + 3000, 2, "compromised"),
        (switch + LONGEST, 1, "retired"),
    ]
    assert rotated.taken(NOW + 1000) == rotated.taken(NOW + 9999)[:3]


def test_the_digest_of_a_step_is_that_of_its_canonical_json() -> None:
    (taken, _) = ring(NOW).taken(NOW)
    text = (
        f'{{"kid":"k1","purpose":"issuer","step":"announced","thumbprint":"k1","time":{NOW}}}'
    ).encode()
    assert canonical_json.encode(json.loads(text)) == text
    assert taken.digest("issuer") == hashlib.sha256(text).digest()
    others = {taken.digest("second"), Taken(1, "k2", taken.step, NOW).digest("issuer")}
    assert len({*others, taken.digest("issuer")}) == 3


# Any history: gaps between decisions, and which of them give a version up.
histories = st.lists(
    st.tuples(st.integers(0, 4000), st.sampled_from(["rotate", "rotate", "allow", "lose"])),
    max_size=12,
)


def lived(history: list[tuple[int, str]], *, losing: bool) -> Ring:
    made, now = ring(NOW), NOW
    for number, (gap, what) in enumerate(history):
        now += gap
        active = made.active(now)
        if what == "allow":
            made = made.allow(LONGEST + 100 * number, now=now)
        elif what == "lose" and losing and active is not None:
            made = made.compromise(active.number, now=now)
        elif all(not isinstance(version.state, Announced) for version in made.at(now)):
            longest = max(each.longest for each in made.decided)
            made = made.announce(f"k{number + 2}", now=now, cache=CACHE, longest=longest)
    return made


def moments(of: Ring) -> list[int]:
    """Return every second in which something can change, and its neighbours."""
    until = max(each.active_from for each in of.decided) + 3 * LONGEST
    turns = {taken.at for taken in of.taken(until)}
    return sorted({at + near for at in turns for near in (-CACHE, -1, 0, 1, CACHE)})


@given(histories)
def test_at_every_instant_one_key_signs_and_every_kept_copy_verifies(
    history: list[tuple[int, str]],
) -> None:
    """A copy of the keys is at most CACHE old; what was signed lives at most `longest`."""
    whole = lived(history, losing=False)
    for now in (at for at in moments(whole) if at >= NOW):
        signing = [v for v in whole.at(now) if isinstance(v.state, Active)]
        assert len(signing) == 1
        (active,) = signing
        expiry = now + whole.decided[active.number - 1].longest
        for seen in (max(now - CACHE, NOW), now, expiry - 1):
            assert active.kid in [v.kid for v in whole.published(seen)]


@given(histories)
def test_no_state_is_ever_taken_back(history: list[tuple[int, str]]) -> None:
    whole = lived(history, losing=True)
    told: tuple[Taken, ...] = ()
    for now in moments(whole):
        after = whole.taken(now)
        assert after[: len(told)] == told
        assert sum(isinstance(v.state, Active) for v in whole.at(now)) <= 1
        told = after


@given(histories)
def test_a_decision_changes_nothing_that_was_told_before(history: list[tuple[int, str]]) -> None:
    """Also what was told, and logged, in the very second of the decision."""
    for length in range(1, len(history) + 1):
        before = lived(history[: length - 1], losing=True)
        after = lived(history[:length], losing=True)
        now = NOW + sum(gap for gap, _ in history[:length])
        told = before.taken(now)
        assert [step for step in after.taken(now) if step in told] == [*told]


@given(histories)
def test_a_compromised_key_neither_signs_nor_is_published(history: list[tuple[int, str]]) -> None:
    whole = lived(history, losing=True)
    for each in whole.decided:
        if each.compromised_at is not None:
            for now in (each.compromised_at, each.compromised_at + 1, NOW + 10**6):
                active = whole.active(now)
                assert active is None or active.kid != each.kid
                assert each.kid not in [v.kid for v in whole.published(now)]


@given(histories, st.booleans())
def test_what_is_kept_comes_back(history: list[tuple[int, str]], losing: bool) -> None:  # noqa: FBT001
    whole = lived(history, losing=losing)
    assert Ring.from_json(json.loads(json.dumps(whole.to_json()))) == whole


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["versions", "kid", "longest"]), inner)
    ),
)
fields = {
    "kid": st.just("k") | json_values,
    "announced_at": st.integers(-1, 3) | json_values,
    "active_from": st.integers(-1, 3) | json_values,
    "longest": st.integers(-1, 3) | json_values,
    "compromised_at": st.none() | json_values,
}


@given(json_values | st.fixed_dictionaries({"versions": st.lists(st.fixed_dictionaries(fields))}))
def test_any_value_is_a_ring_or_this_one_error(value: object) -> None:
    try:
        read = Ring.from_json(value)
    except LifeError:
        return
    assert read.to_json() == value
    read.taken(NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"kid": ""},
        {"kid": "k" * (MAX_KID + 1)},
        {"kid": 1},
        {"announced_at": -1},
        {"announced_at": True},
        {"announced_at": 1.0},
        {"announced_at": 11},
        {"active_from": 2**53},
        {"longest": -1},
        {"longest": None},
        {"compromised_at": 9},
        {"compromised_at": 2**53},
        {"more": 1},
    ],
)
def test_values_that_cannot_be_decided_are_refused(change: dict[str, object]) -> None:
    good = Decided("k", 10, 10, 5).to_json()
    assert Decided.from_json(good).to_json() == good
    with pytest.raises(LifeError):
        Decided.from_json({**good, **change})


def test_there_is_an_end_to_versions() -> None:
    many = tuple(Decided(f"k{number}", NOW, NOW, 1) for number in range(MAX_VERSIONS + 1))
    assert len(Ring(many[:-1]).at(NOW)) == MAX_VERSIONS
    with pytest.raises(LifeError, match="at most"):
        Ring(many)


def test_times_are_told_as_people_write_them() -> None:
    """An officer reads what is refused."""
    with pytest.raises(LifeError, match="signs from 2027-01-15 08:05:00 UTC"):
        ring(NOW, NOW).announce("c", now=NOW, cache=CACHE, longest=LONGEST)
    for now, told in ((NOW, "2027-01-15 08:00:00 UTC"), (MAX_TIME, str(MAX_TIME))):
        with pytest.raises(LifeError, match=f"compromised since {told}"):
            ring(NOW).compromise(1, now=now).compromise(1, now=now)


def test_a_key_is_given_up_also_by_a_clock_that_went_back() -> None:
    """It never signs, at whatever time anybody looks."""
    for number in (1, 2):
        given_up = ring(NOW, NOW + 10).compromise(number, now=NOW - 1000)
        for now in (NOW, NOW + 10, NOW + 10 + CACHE, NOW + 10**8):
            signing = given_up.active(now)
            assert signing is None or signing.number != number
            assert number not in [each.number for each in given_up.published(now)]

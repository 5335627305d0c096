"""Every parser of core on its seeds, on what fuzzing found, and on mutations of both."""

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import seeds
from tests.fuzz.harness import Harness, load

HARNESSES = load()
CORPUS = Path(__file__).resolve().parent / "corpus"
SEEDS = seeds.every()
MUTATIONS = 150
SECONDS = 2.0
"""Longest time that one input may take; the slowest takes a hundredth of it."""
TOKENS = (
    *(b"null", b"true", b"-1", b"1e999", b"9" * 400, b'""', b"[]", b"{}", b"[[", b'"\\ud800"'),
    *(b"\x00", b"\xff", b"\x80", b"\xed\xa0\x80", b"\n", b"~", b".", b"=", b"%", b"&", b"+", b"-"),
    *(b"\xf9\x7e\x00", b"\xbf", b"\x9f", b"\xc0", b"\xd8\x18", b"\x1b" + b"\xff" * 8),
    *(b"\xe2\x80\x94 ", b"\xf0\x9f\x98\x80", b"https://[", b"_sd", b"...", b"x509_hash:"),
)
# A certificate whose serial number a mutation made negative is one that the library warns of.
pytestmark = pytest.mark.filterwarnings("ignore")

each_harness = pytest.mark.parametrize("target", HARNESSES.values(), ids=HARNESSES)


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """Return a seed with a few bytes altered, cut out, said twice, or tokens put in."""
    data = draw(st.sampled_from(SEEDS[name]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        cut = data[start:end]
        put = draw(
            st.one_of(
                st.sampled_from(TOKENS), st.binary(max_size=4), st.just(b""), st.just(cut + cut)
            )
        )
        data = data[:start] + put + data[end:]
    return data


def in_time(target: Harness, data: bytes) -> bool:
    begun = time.process_time()
    accepted = target.accepts(data)
    assert time.process_time() - begun < SECONDS
    return accepted


def test_every_harness_has_seeds_and_every_find_a_harness() -> None:
    assert SEEDS.keys() == HARNESSES.keys()
    assert {path.name for path in CORPUS.iterdir()} <= HARNESSES.keys()


@each_harness
def test_the_seeds_are_accepted(target: Harness) -> None:
    assert all(in_time(target, seed) for seed in SEEDS[target.name])


@each_harness
def test_finds_stay_mended(target: Harness) -> None:
    for path in sorted((CORPUS / target.name).glob("*")):
        in_time(target, path.read_bytes())


@each_harness
def test_mutations_are_taken_or_refused(target: Harness) -> None:
    @settings(max_examples=MUTATIONS, suppress_health_check=list(HealthCheck), database=None)
    @given(mutated(target.name) | st.binary(max_size=64))
    def hold(data: bytes) -> None:
        in_time(target, data)

    hold()

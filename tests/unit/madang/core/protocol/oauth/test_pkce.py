import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.oauth.pkce import challenge_of, fits, is_challenge

# RFC 7636 appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_challenge_is_that_of_the_specification() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE
    assert is_challenge(CHALLENGE)
    assert fits(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    "verifier", ["", VERIFIER[:-1], VERIFIER + "A", "x" * 129, CHALLENGE, "é" * 43, VERIFIER + "\n"]
)
def test_another_or_malformed_verifier_does_not_fit(verifier: str) -> None:
    assert not fits(verifier, CHALLENGE)


def test_a_plain_challenge_does_not_fit_itself() -> None:
    assert not fits(VERIFIER, VERIFIER)


@pytest.mark.parametrize("text", ["", CHALLENGE[:-1], CHALLENGE + "A", "=" * 43, CHALLENGE + "\n"])
def test_what_cannot_be_a_challenge_is_told_apart(text: str) -> None:
    assert not is_challenge(text)


@given(st.text(max_size=150))
def test_any_text_is_answered(text: str) -> None:
    assert fits(text, CHALLENGE) is False or text == VERIFIER

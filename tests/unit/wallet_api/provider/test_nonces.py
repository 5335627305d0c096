"""Nonces: the seal holds, and any text is good, used or refused in one way."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from madang.infra.ids import SeededIds
from wallet_api.provider.model import ProviderRefused
from wallet_api.provider.nonces import new_nonce, use_nonce

SECRET = bytes(range(32))
NOW = 1_800_000_000


class Used:
    """Used nonces, in memory."""

    def __init__(self) -> None:
        self.seen: dict[bytes, int] = {}

    def use(self, nonce_hash: bytes, *, until: int) -> bool:
        new = nonce_hash not in self.seen
        self.seen[nonce_hash] = until
        return new


def good(nonce: str, used: Used, tenant: str = "a", secret: bytes = SECRET, now: int = NOW) -> bool:
    with contextlib.suppress(ProviderRefused):
        use_nonce(secret, tenant, nonce, used, now=now)
        return True
    return False


def test_a_nonce_is_good_once_until_its_end_here_alone() -> None:
    nonce, used = new_nonce(SECRET, "a", SeededIds("x"), until=NOW + 10), Used()
    assert not good(nonce, used, tenant="b")
    assert not good(nonce, used, secret=bytes(32))
    assert not good(nonce, used, now=NOW + 10)
    assert used.seen == {}
    assert good(nonce, used, now=NOW + 9)
    assert not good(nonce, used, now=NOW + 9)
    assert list(used.seen.values()) == [NOW + 10]


@given(st.text(max_size=80))
def test_any_text_is_refused_without_a_trace(text: str) -> None:
    used = Used()
    assert not good(text, used)
    assert used.seen == {}


@given(st.data())
def test_no_character_of_a_nonce_can_be_changed(data: st.DataObject) -> None:
    nonce = new_nonce(SECRET, "a", SeededIds("x"), until=NOW + 10)
    place = data.draw(st.integers(0, len(nonce) - 1))
    other = data.draw(st.sampled_from("ABab01-_").filter(lambda each: each != nonce[place]))
    assert not good(nonce[:place] + other + nonce[place + 1 :], Used())

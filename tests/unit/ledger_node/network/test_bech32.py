"""Bech32 against texts of BIP-173 that carry whole bytes, and against what the engine writes."""

import pytest

from ledger_node.network.bech32 import encode

ACCOUNT = "7cb61d4117ae31a12e393a1cfa3bac666481d02e"


@pytest.mark.parametrize(
    ("prefix", "data", "text"),
    [
        ("a", "", "a12uel5l"),
        # Whose five-bit numbers are 0 to 31 in order.
        (
            "abcdef",
            "00443214c74254b635cf84653a56d7c675be77df",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        ),
        # `evmd debug addr` of one account.
        ("cosmos", ACCOUNT, "cosmos10jmp6sgh4cc6zt3e8gw05wavvejgr5pwsjskvv"),
        ("cosmosvaloper", ACCOUNT, "cosmosvaloper10jmp6sgh4cc6zt3e8gw05wavvejgr5pw4xyrql"),
    ],
)
def test_known_texts(prefix: str, data: str, text: str) -> None:
    assert encode(prefix, bytes.fromhex(data)) == text


def test_bits_that_do_not_fill_the_last_letter_are_filled_up_with_zeros() -> None:
    assert encode("x", b"\xff")[2:4] == "lu"

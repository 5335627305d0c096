"""How a municipality joins a running network: what the others vote on, and what it then sends.

One proposal does both: it lets the newcomer's account write, and gives the newcomer the stake of
one validator out of the reserve. Two thirds of the power must agree. Documents are those of the
engine's modules `gov` and `staking` (Cosmos SDK 0.53).
"""

import base64
import hashlib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from eth_utils.address import to_checksum_address

from ledger_node.network.bech32 import encode
from ledger_node.network.genesis import DENOMINATION, DEPOSIT, PETTY, STAKE
from ledger_node.network.member import Member

AUTHORITY: Final = encode("cosmos", hashlib.sha256(b"gov").digest()[:20])


def proposal(params: Mapping[str, Any], newcomer: Member) -> dict[str, Any]:
    """Return what `evmd tx gov submit-proposal` takes.

    Args:
        params: what `evmd query evm params` answers now: a proposal replaces all of them, so one
            that was written before another passed would undo it.
        newcomer: who joins.
    """
    changed = deepcopy(dict(params))
    if newcomer.account:
        for right in ("create", "call"):
            listed = changed["access_control"][right]["access_control_list"]
            address = str(to_checksum_address(newcomer.account))
            listed += [] if address in listed else [address]
    name = newcomer.name
    return {
        "messages": [
            {
                "@type": "/cosmos.evm.vm.v1.MsgUpdateParams",
                "authority": AUTHORITY,
                "params": changed,
            },
            {
                "@type": "/cosmos.distribution.v1beta1.MsgCommunityPoolSpend",
                "authority": AUTHORITY,
                "recipient": newcomer.bech32(),
                "amount": [{"denom": DENOMINATION, "amount": str(STAKE + PETTY)}],
            },
        ],
        "metadata": "",
        "deposit": f"{DEPOSIT}{DENOMINATION}",
        "title": f"{name} joins",
        "summary": f"{name} validates under the key {newcomer.key}",
    }


def validator(newcomer: Member) -> dict[str, str | dict[str, str]]:
    """Return what the newcomer, once it has the stake, gives to `tx staking create-validator`."""
    key = base64.b64encode(bytes.fromhex(newcomer.key)).decode("ascii")
    return {
        "pubkey": {"@type": "/cosmos.crypto.ed25519.PubKey", "key": key},
        "amount": f"{STAKE}{DENOMINATION}",
        "moniker": newcomer.name,
        "commission-rate": "0",
        "commission-max-rate": "0",
        "commission-max-change-rate": "0",
        "min-self-delegation": "1",
    }

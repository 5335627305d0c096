"""The first state of a network: who validates, who may write, and that nothing costs a fee.

Begins with what the engine's own `init` writes and changes what a network of municipalities needs
otherwise. The same members, time and defaults give the same bytes, so each can check its copy.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from eth_utils.address import to_checksum_address

from ledger_node.network.bech32 import encode
from ledger_node.network.member import Member

DENOMINATION: Final = "atest"
_UNIT: Final = 10**18
POWER: Final = 100
"""Voting power of each validator: its stake in whole units."""
STAKE: Final = POWER * _UNIT
_RESERVED: Final = 100
# For deposits of proposals; less than one unit, so nobody gains power by it.
PETTY: Final = _UNIT // 2
DEPOSIT: Final = _UNIT // 10
BLOCK_GAS: Final = 100_000_000
_ZERO: Final = "0.000000000000000000"
_TWO_THIRDS: Final = "0.667000000000000000"
_EPOCH: Final = "1970-01-01T00:00:00Z"
READER: Final = "0x" + 40 * "0"
_SIGNED_WINDOW: Final = 10_000


def genesis(
    defaults: Mapping[str, Any],
    members: Sequence[Member],
    writers: Sequence[str],
    *,
    chain: str,
    time: str,
    voting_seconds: int,
) -> dict[str, Any]:
    """Return the genesis document.

    Args:
        defaults: what `evmd init` wrote.
        members: the validators, of equal power.
        writers: addresses of the accounts that may create and call contracts.
        chain: CometBFT's name of the chain.
        time: of the first block, RFC 3339.
        voting_seconds: how long a proposal to change who takes part is open.
    """
    document = deepcopy(dict(defaults))
    document |= {"chain_id": chain, "genesis_time": time}
    state = document["app_state"]
    _accounts(state, members)
    _validators(state["staking"], members)
    _never_jailed(state["slashing"]["params"])
    _no_fees(state)
    _governance(state["gov"]["params"], voting_seconds)
    _closed(state, writers)
    document["consensus"]["params"]["block"]["max_gas"] = str(BLOCK_GAS)
    return document


def _accounts(state: dict[str, Any], members: Sequence[Member]) -> None:
    """Give every operator its petty cash; stakes and reserve lie with the modules that hold them.

    The reserve is the stake of validators to come; the community pool gives it out by vote alone.
    """
    reserve = _RESERVED * STAKE
    owned = [(member.bech32(), PETTY) for member in members]
    owned.append((_module("not_bonded_tokens_pool"), len(members) * STAKE))
    owned.append((_module("distribution"), reserve))
    state["distribution"]["fee_pool"]["community_pool"] = [
        {"denom": DENOMINATION, "amount": f"{reserve}.{'0' * 18}"}
    ]
    state["auth"]["accounts"] = [
        {
            "@type": "/cosmos.auth.v1beta1.BaseAccount",
            "address": member.bech32(),
            "pub_key": None,
            "account_number": "0",
            "sequence": "0",
        }
        for member in members
    ]
    bank = state["bank"]
    bank["balances"] = [{"address": whose, "coins": [_coin(much)]} for whose, much in owned]
    bank["supply"] = [_coin(sum(much for _, much in owned))]
    bank["denom_metadata"] = [
        {
            "description": "Stake of the validators; it has no price.",
            "denom_units": [
                {"denom": DENOMINATION, "exponent": 0, "aliases": []},
                {"denom": "test", "exponent": 18, "aliases": []},
            ],
            "base": DENOMINATION,
            "display": "test",
            "name": "Stake",
            "symbol": "STAKE",
            "uri": "",
            "uri_hash": "",
        }
    ]


def _module(name: str) -> str:
    """Return the account of one of the engine's modules."""
    return encode("cosmos", hashlib.sha256(name.encode()).digest()[:20])


def _validators(staking: dict[str, Any], members: Sequence[Member]) -> None:
    """Enter the validators as unbonded; the engine bonds them when it reads this."""
    staking["params"] |= {"bond_denom": DENOMINATION, "max_validators": 100}
    staking["validators"] = [_validator(member) for member in members]
    staking["delegations"] = [
        {
            "delegator_address": member.bech32(),
            "validator_address": member.bech32("valoper"),
            "shares": f"{STAKE}.{'0' * 18}",
        }
        for member in members
    ]


def _validator(member: Member) -> dict[str, Any]:
    key = base64.b64encode(bytes.fromhex(member.key)).decode("ascii")
    return {
        "operator_address": member.bech32("valoper"),
        "consensus_pubkey": {"@type": "/cosmos.crypto.ed25519.PubKey", "key": key},
        "jailed": False,
        "status": "BOND_STATUS_UNBONDED",
        "tokens": str(STAKE),
        "delegator_shares": f"{STAKE}.{'0' * 18}",
        "description": {
            "moniker": member.name,
            "identity": "",
            "website": "",
            "security_contact": "",
            "details": "",
        },
        "unbonding_height": "0",
        "unbonding_time": _EPOCH,
        "commission": {
            "commission_rates": {"rate": _ZERO, "max_rate": _ZERO, "max_change_rate": _ZERO},
            "update_time": _EPOCH,
        },
        "min_self_delegation": "1",
        "unbonding_on_hold_ref_count": "0",
        "unbonding_ids": [],
    }


def _never_jailed(slashing: dict[str, Any]) -> None:
    """Keep a validator that was away in the set: without it the others may be too few."""
    slashing |= {
        "signed_blocks_window": str(_SIGNED_WINDOW),
        "min_signed_per_window": _ZERO,
        "slash_fraction_downtime": _ZERO,
    }


def _no_fees(state: dict[str, Any]) -> None:
    # A transaction is charged the gas it used, not at least half of its limit.
    state["feemarket"]["params"] |= {
        "no_base_fee": True,
        "base_fee": _ZERO,
        "min_gas_multiplier": _ZERO,
    }
    state["mint"]["minter"]["inflation"] = _ZERO
    state["mint"]["params"] |= {
        "mint_denom": DENOMINATION,
        "inflation_rate_change": _ZERO,
        "inflation_max": _ZERO,
        "inflation_min": _ZERO,
    }
    state["distribution"]["params"]["community_tax"] = _ZERO


def _governance(params: dict[str, Any], voting_seconds: int) -> None:
    """Let two thirds of the power change who may write, and nobody less."""
    params |= {
        "min_deposit": [_coin(DEPOSIT)],
        "expedited_min_deposit": [_coin(2 * DEPOSIT)],
        "voting_period": f"{voting_seconds}s",
        "expedited_voting_period": f"{max(1, voting_seconds // 2)}s",
        "quorum": _TWO_THIRDS,
        "threshold": _TWO_THIRDS,
        "expedited_threshold": "0.750000000000000000",
    }


def _closed(state: dict[str, Any], writers: Sequence[str]) -> None:
    """Let the writers alone create and call contracts; reading is everybody's.

    A read by `eth_call` without a sender counts as one by the zero address, so that is let in:
    there is no key to sign a transaction with for it.
    """
    addresses = [str(to_checksum_address(each)) for each in writers]
    state["evm"]["params"] |= {
        "evm_denom": DENOMINATION,
        "access_control": {"create": _only(addresses), "call": _only([READER, *addresses])},
    }
    state["erc20"]["params"] |= {"enable_erc20": False, "permissionless_registration": False}
    state["ibc"]["client_genesis"]["params"]["allowed_clients"] = []
    state["transfer"]["params"] |= {"send_enabled": False, "receive_enabled": False}


def _only(addresses: list[str]) -> dict[str, Any]:
    return {"access_type": "ACCESS_TYPE_PERMISSIONED", "access_control_list": addresses}


def _coin(amount: int) -> dict[str, str]:
    return {"denom": DENOMINATION, "amount": str(amount)}

"""The whole main path on the network: every service, and the auditor at its end."""

import json
import os
import subprocess
import sys

import pytest

from ledger_node.network.network import Network
from madang.cli.city import CityPlan

pytestmark = pytest.mark.xdist_group("network")


def test_a_city_walks_the_main_path_on_the_network(network: Network, other_plan: CityPlan) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "madang.cli.main", "run", "--once"),
            *("--state", str(other_plan.state), "--port", str(other_plan.port)),
        ],
        env={
            **os.environ,
            "MADANG_RPC_URLS": json.dumps(network.rpc_urls),
            "MADANG_CHAIN_ID": str(network.chain_id),
            "MADANG_CHAIN_ENGINE": "cometbft",
            "MADANG_COMET_URL": network.comet_urls[0],
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert all(step["ok"] for step in told["steps"])
    (evidence,) = (step for step in told["steps"] if step["name"] == "evidence")
    assert evidence["bytes"] <= 8_000
    record = json.loads((other_plan.state / "contract.json").read_bytes())
    assert record["chain_id"] == network.chain_id

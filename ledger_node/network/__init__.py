"""A Byzantine-fault-tolerant chain of the municipalities: validators, genesis, processes.

The engine is cosmos/evm's `evmd` (Apache-2.0): an EVM under CometBFT, in which a block is final
when it is there. Four validators go on with one gone and stop, without forking, with two gone.

One by hand: `madang chain up --validators 4`. In a test or a script:

    with Network.create(folder, names("v", 4), accounts, base_port=8600) as network:
        network.start()
        network.rpc_urls[0]
"""

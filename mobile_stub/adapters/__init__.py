"""The outside of the wallet: clock, chance, network, pictures, storage."""

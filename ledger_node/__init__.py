"""The ledger: embedded chain, log publisher, audit pages."""

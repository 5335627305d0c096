"""Presentations: asking a wallet, verifying its answer, telling the outcome."""

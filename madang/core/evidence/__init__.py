"""Receipts: what a holder or an auditor keeps to prove a log entry."""

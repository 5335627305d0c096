"""Verifier service: presentations and eligibility."""

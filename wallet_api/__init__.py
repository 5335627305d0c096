"""Resident side services."""

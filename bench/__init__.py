"""Speeds as shares of bounds that are measured in the same run."""

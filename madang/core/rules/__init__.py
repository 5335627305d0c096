"""Eligibility rules as dated data: three values, derived query, explanation."""

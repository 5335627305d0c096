"""Eligibility: asking what a rule needs, deciding by it, explaining the decision."""

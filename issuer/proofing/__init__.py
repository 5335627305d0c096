"""Identity proofing at the counter: whose document it is, and how that was established."""

"""Pages where auditors look at heads, entries and proofs."""

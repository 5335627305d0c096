"""The main path as people walk it, and its report."""

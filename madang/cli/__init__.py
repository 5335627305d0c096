"""The command madang."""

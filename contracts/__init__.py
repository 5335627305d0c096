"""Contract sources, committed ABI and bytecode, address loader."""

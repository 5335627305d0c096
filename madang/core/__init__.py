"""Pure functions and values: no I/O, no clock; salts, nonces and ids are arguments."""

"""Pure functions and values: no I/O, no clock, no framework; salts, nonces and ids are arguments."""

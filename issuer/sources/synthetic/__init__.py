"""The embedded register of made-up residents: for a first run, for demonstrations, for tests."""

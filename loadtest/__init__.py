"""Load and benchmarks: run by hand, never by the tests."""

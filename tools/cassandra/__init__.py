"""A real Cassandra on loopback, started from Maven artefacts, for people and for tests."""

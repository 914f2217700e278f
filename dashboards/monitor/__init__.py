"""The kit on the real thing: an exchange under load, a real Prometheus, every query asked."""

"""The gRPC transport: port, health, reflection, errors, identity, access, limits, logs."""

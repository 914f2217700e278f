"""One servicer per API service: message in, operation, message out. No rules."""

"""Version 1 of the API, generated from proto/exchange/api/v1."""

"""The health-code exchange: mutual recognition of provincial health codes."""

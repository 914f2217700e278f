"""Developer tools: what people and tests need around the exchange, never part of it."""

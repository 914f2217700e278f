"""Use cases without transport: publish, check, list, erase, sweep."""

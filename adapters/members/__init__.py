"""One module for each member, all alike: the catalogue's tables as data."""

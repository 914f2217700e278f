"""The command line: `commands` has a module per command, the rest is what they share."""

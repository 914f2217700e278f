"""One module per command of `health-exchange`."""

"""Where statements are kept: one interface, two engines, one contract suite that defines both."""

"""What the commands about policies share: where they come from, and how they are shown."""

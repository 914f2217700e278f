"""What formats share: how records lie in bytes."""

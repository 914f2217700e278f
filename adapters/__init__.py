"""Member formats: bytes of a member to health codes, and back."""

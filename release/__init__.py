"""What a release is, and how one reaches a fleet."""

"""What is said on GitHub about a stack: a comment, an issue; and what was reviewed there."""

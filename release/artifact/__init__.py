"""A commit becomes an archive with a digest."""

"""Turns a commit into an archive with a digest, with or without a build step."""

"""Turns a ref into a commit, and reads its files."""

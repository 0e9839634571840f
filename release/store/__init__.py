"""Keeps releases and the ledger in the bucket, where nothing is ever changed or removed."""

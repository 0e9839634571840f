"""The bucket that keeps releases and the ledger."""

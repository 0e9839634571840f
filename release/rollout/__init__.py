"""A release reaches a fleet.

`decide` (pure) says what to do about what `observe` saw (`observed`, `serving`). `drive` starts an instance refresh,
`follow` watches it to its end, `proof` asks the instances what they serve, `record` writes the ledger, and `rollback`
goes back to the release that `target` (pure) picks.
"""

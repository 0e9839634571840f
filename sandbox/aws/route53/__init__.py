"""Route 53: changes are refused and done as a whole, and the health checks' status is what the dns process saw."""

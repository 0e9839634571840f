"""CloudWatch Logs: filter patterns of JSON."""

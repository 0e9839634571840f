"""IAM and resource policies: what instances and people may do."""

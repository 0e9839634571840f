"""IAM as AWS enforces it: what a role's credentials may do is what its policies, and the bucket's, say."""

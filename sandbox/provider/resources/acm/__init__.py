"""aws.acm."""

"""aws.ssm."""

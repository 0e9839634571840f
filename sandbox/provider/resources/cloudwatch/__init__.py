"""aws.cloudwatch."""

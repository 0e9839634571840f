"""aws.autoscaling."""

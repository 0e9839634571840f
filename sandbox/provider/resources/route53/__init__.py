"""aws.route53."""

"""aws.wafv2."""

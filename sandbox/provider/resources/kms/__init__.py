"""aws.kms."""

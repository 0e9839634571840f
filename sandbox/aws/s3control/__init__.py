"""S3 Control: batch operations, as far as they replicate objects."""

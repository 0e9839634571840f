"""S3: checksums that are checked and kept, policies with conditions, replication."""

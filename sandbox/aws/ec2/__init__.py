"""EC2: instances that are real machines, and the Amazon Linux images."""

"""A Pulumi provider that stands in for pulumi-aws 7.51.1 and speaks boto3 to an emulator."""

"""The VPC: its zones, addresses, subnets and ways out."""

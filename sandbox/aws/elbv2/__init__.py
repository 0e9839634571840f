"""Elastic Load Balancing: targets drain, and their health is what the balancer saw."""

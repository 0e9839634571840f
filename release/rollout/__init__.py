"""A release reaches a fleet."""

"""Serve the traffic of the load balancers: an HTTP proxy for each Application Load Balancer."""

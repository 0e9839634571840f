"""The load balancers' data plane: an HTTP proxy for each Application Load Balancer."""

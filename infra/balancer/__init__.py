"""The load balancer: its listeners, its rules and the domain."""

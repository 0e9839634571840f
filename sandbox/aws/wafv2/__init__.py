"""AWS WAF: which web ACL a load balancer has. What its rules would say of a request is not emulated."""

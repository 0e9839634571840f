"""Maintenance: the balancer answers with a page, by rules beside the stack's own, which no `pulumi up` knows of."""

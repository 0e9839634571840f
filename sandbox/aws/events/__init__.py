"""EventBridge: rules are moto's; here they hear of the services' own events, and tell SNS topics."""

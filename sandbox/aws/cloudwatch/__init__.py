"""CloudWatch: alarms that are evaluated from the data."""

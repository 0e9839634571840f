"""What the apps of a stack print, as CloudWatch Logs has it."""

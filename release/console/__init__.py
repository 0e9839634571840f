"""The console: a command on one instance of a fleet, as the app's user with its environment, by Systems Manager."""

"""The release phase: a command of a release that runs once, on an instance of its own, before any fleet gets it."""

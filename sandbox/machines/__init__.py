"""Run a process tree on this machine for each instance, with its metadata service."""

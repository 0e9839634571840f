"""Instances that are real: a process tree on this machine for each, and its metadata service."""

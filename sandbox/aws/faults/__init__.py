"""Faults on request: what AWS does on a bad day, switched on and off by POST /_sandbox/faults."""

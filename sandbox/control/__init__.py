"""Start, deploy to, break and stop the sandbox: the commands of `python -m sandbox`."""

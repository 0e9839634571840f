"""Systems Manager: documents, and commands that run on instances."""

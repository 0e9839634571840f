"""What the processes of the sandbox have in common: credentials, who is let in, and how they start and end."""

"""A fleet: the group of machines that runs one process of the release."""

"""Review stacks, one for each pull request, that go again: which there are, which have expired, and their removal."""

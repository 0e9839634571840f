"""Checks the workflows of .github/workflows: actionlint, built from its Go module, and zizmor."""

"""The cost of Slipway's own part, as ratios between two things measured in one run."""

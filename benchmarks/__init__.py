"""What Slipway's own part costs, as ratios of two things that were measured in one run."""

"""The real programs: which there are, where they come from, how they are found and installed."""

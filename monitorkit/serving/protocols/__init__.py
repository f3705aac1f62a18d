"""The ways to ask for predictions: one dialect each, and the paths of those that other model servers speak."""

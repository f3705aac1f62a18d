"""Drift: what comes, bin by bin, against reference data."""

"""Bytes of the Prometheus API to arrays."""

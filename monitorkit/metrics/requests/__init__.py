"""Requests: how many, how fast, and where their time goes."""

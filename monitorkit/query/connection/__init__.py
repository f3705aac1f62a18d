"""The way to a server: requests, credentials, retries, deadlines, which engine answers, and what it allows."""

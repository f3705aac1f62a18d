"""The way to a server: requests, credentials, retries, deadlines, and which engine answers."""

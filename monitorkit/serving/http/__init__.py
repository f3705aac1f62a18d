"""HTTP on a socket: bytes to requests of a small ASGI application, and its answers back."""

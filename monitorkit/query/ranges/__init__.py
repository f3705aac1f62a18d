"""Long ranges: cut into pieces within a server's limits, asked side by side, put together again."""

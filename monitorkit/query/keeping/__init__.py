"""Results kept: frames in files, a cache of what has settled, recordings that stand in for a server."""

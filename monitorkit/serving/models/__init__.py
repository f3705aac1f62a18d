"""A model as the server sees it: what it tells of its input, how it is called, what it returns, how labels judge it."""

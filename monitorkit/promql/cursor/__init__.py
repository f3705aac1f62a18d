"""What can come at a cursor in a query, however unfinished: completion, and help on what stands there."""

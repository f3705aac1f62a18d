"""Quality: predictions, their true labels, and the scores of both."""

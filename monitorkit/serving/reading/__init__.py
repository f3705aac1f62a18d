"""What clients send, read and checked: bodies to rows and labels, each mistake named by its place."""

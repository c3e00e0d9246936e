"""What shows that a stack does what it declares: evidence of each part, and a report of it."""

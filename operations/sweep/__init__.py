"""Finds the IAM users that no lease will end, and deletes them."""

"""Moves a secrets engine that runs on an access key to federation, step by step, and back."""

"""Logging in to Vault, as a person by a browser or as a principal of AWS."""

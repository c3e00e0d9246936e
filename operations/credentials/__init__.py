"""AWS credentials for people and their programs, each with its lease in Vault."""

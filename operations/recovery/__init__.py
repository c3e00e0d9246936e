"""What is done after a run that failed or was killed, and when Vault is gone for good."""

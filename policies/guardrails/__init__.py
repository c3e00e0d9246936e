"""What must never reach Vault or AWS, judged apart from the program that declares it."""

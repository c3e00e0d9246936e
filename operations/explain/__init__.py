"""What ``vaultaws explain`` does: reads what it is given, and says what is known of it."""

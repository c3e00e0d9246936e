"""What ends sessions of a stack's IAM roles before their time."""

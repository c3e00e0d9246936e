"""What ends the leases of a Vault role, and what it says when it cannot."""

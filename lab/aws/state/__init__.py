"""What there is: accounts, entities, sessions, and what was decided."""

"""Who may do what: policies, conditions, principals."""

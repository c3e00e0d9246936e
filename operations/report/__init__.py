"""Who can become whom: one graph of a stack, drawn in several ways, and what an update changes."""

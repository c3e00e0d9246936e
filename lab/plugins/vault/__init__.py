"""Stand-in for the official ``vault`` plugin, on hvac."""

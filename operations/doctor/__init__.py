"""What would keep an update from succeeding, found before it; nothing here writes anything."""

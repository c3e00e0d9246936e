"""Stand-in for the official ``aws`` plugin, on boto3."""

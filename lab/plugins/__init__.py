"""Stand-ins for the official Pulumi plugins where those cannot be had; see README.md."""

"""What the program costs beside Terraform and beside an empty program; see docs/performance.md."""

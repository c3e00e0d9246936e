"""``python -m operations`` is ``vaultaws``, where only Python is on PATH, as for a lease guard."""

import sys

from operations.cli import main

if __name__ == "__main__":
    sys.exit(main())

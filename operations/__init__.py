"""What is done around ``pulumi up``: one console script, ``vaultaws``.

``commands`` holds what is typed, an option list each; the other rooms do it, and log what they do.
"""

import logging

VERSION = "0.1.0"
"""Of this program; what is installed of it is told the same, by pyproject.toml."""

log = logging.getLogger("operations")


class OperationError(Exception):
    """What was asked was not done; the message says why and what to do, and holds no secret."""

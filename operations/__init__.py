"""What is done around ``pulumi up``: one console script, ``vaultaws``.

``commands`` holds what is typed, an option list each; the other rooms do it, and log what they do.
"""

import logging

log = logging.getLogger("operations")


class OperationError(Exception):
    """What was asked was not done; the message says why and what to do, and holds no secret."""

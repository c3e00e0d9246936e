"""How the commands of this room tell a person what goes on; its functions only log it."""

import logging
import sys

log = logging.getLogger("operations")


def on_stdout() -> None:
    """Write what the functions of this room tell to stdout, a line at once, and nothing else."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers = [handler]
    log.setLevel(logging.INFO)

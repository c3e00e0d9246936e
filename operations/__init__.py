"""The commands around ``pulumi up``, each a module: ``python -m operations.<name>``.

Their functions log what they do; only the commands write it where a person reads.
"""

import logging
import sys

log = logging.getLogger("operations")


def on_stdout() -> None:
    """Write what the functions of this room tell to stdout, a line at once, and nothing else."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers = [handler]
    log.setLevel(logging.INFO)

"""``python -m lab.aws --home DIR``: AWS of one laboratory, on its loopback port."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cheroot.wsgi import Server

from lab.aws.front.server import Front
from lab.aws.front.trail import Trail
from lab.aws.state.accounts import load_accounts
from lab.aws.state.decisions import DecisionLog
from lab.aws.state.discovery import Discovery
from lab.aws.state.store import State
from lab.home import Home, read_json
from lab.switches import SwitchBoard

if TYPE_CHECKING:
    from types import FrameType

MOST_IDLE_CONNECTIONS = 10_000
IDLE_SECONDS = 600
"""Longer than any client keeps an idle connection: a server that closes first can lose a request,
and a repeated CreateRole answers EntityAlreadyExists."""


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is being answered."""
    parser = argparse.ArgumentParser(prog="python -m lab.aws", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the laboratory")
    home = Home(parser.parse_args().home.resolve())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    os.umask(0o077)
    server = build(home)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        server.start()
    except KeyboardInterrupt:
        server.stop()
    return 0


def build(home: Home) -> Server:
    """Return the server of this laboratory, not yet started."""
    state = State(home, load_accounts(home), SwitchBoard(home))
    discovery = Discovery(lambda: int(read_json(home.ports)["proxy"]))
    server = Server(
        ("127.0.0.1", int(read_json(home.ports)["aws"])),
        Front(state, discovery, DecisionLog(home.decisions), Trail(home.decisions, state)),
        numthreads=16,
        timeout=IDLE_SECONDS,
        shutdown_timeout=5,
    )
    server.keep_alive_conn_limit = MOST_IDLE_CONNECTIONS
    return server


if __name__ == "__main__":
    sys.exit(main())

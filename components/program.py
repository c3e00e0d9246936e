"""How the program itself runs, apart from what it declares."""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMES = 8
"""Of a call stack, the nearest: six are the SDK's own, up to the constructor of the resource."""


@contextmanager
def brief_traces() -> Iterator[None]:
    """Let each resource be recorded with where it was made, and not with all calls on the way.

    The SDK takes the whole stack (``traceback.extract_stack``, which heeds ``sys.tracebacklimit``),
    and the engine keeps it: a third of the state, written anew around each step. Whatever is raised
    leaves this first, and is then shown in full.
    """
    before = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = FRAMES
    try:
        yield
    finally:
        if before is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = before


async def settled() -> None:
    """Wait until whatever was registered is answered, or one thing failed; for ``pulumi.run``.

    The SDK waits for the same (``wait_for_rpcs``), but each time an output arrives it looks at all
    that are outstanding again. That costs with the square of their number: with fifty federations
    two thirds of the program's time (docs/performance.md).

    What is left when this ends, and every failure, is the SDK's.
    """
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, return_when=asyncio.FIRST_EXCEPTION)

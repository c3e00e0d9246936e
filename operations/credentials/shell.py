"""Credentials in a shell, or in the environment of one command."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from operations import OperationError
from operations.credentials import issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from operations.credentials.issued import Issued
    from operations.credentials.targets import Target

OTHERS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""Variables that lead some client to other credentials, or belong to those that were there."""

_SIGNALLED = 128
"""What a shell adds to the number of a signal that ended a command."""


def exports(issued: Issued, region: str) -> str:
    """Return what a shell evaluates to have credentials; it holds secrets.

    Args:
        issued: The credentials.
        region: Region to set where the shell has none; empty for none.
    """
    named = issued.environment() | _region(region)
    return "\n".join(
        [
            f"unset {' '.join(name for name in OTHERS if name not in named)}",
            *(f"export {name}={shlex.quote(value)}" for name, value in named.items()),
        ]
    )


def execute(target: Target, issued: Issued, command: Sequence[str]) -> int:
    """Run a command with credentials, and end their lease after it; return its exit code.

    It is told what this process is told (SIGTERM, SIGHUP); an interrupt from the terminal reaches
    both and is the command's business. However it ends, the lease ends then.

    Raises:
        OperationError: there is no such command.
    """
    kept = {name: value for name, value in os.environ.items() if name not in OTHERS}
    environment = {**kept, **issued.environment(), **_region(target.region or issued.region)}
    with _handled(_nothing, signal.SIGINT, signal.SIGQUIT):
        try:
            return _run(command, environment)
        except FileNotFoundError as error:
            raise OperationError(f"there is no command {command[0]!r}") from error
        except PermissionError as error:
            raise OperationError(f"{command[0]!r} may not be executed") from error
        finally:
            if why := issue.revoke(target, issued):
                print(why, file=sys.stderr)


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    with (
        subprocess.Popen(command, env=environment) as child,
        _handled(lambda number, _: child.send_signal(number), signal.SIGTERM, signal.SIGHUP),
    ):
        code = child.wait()
    return code if code >= 0 else _SIGNALLED - code


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], object], *numbers: int) -> Iterator[None]:
    """Handle signals in this process; a command that it starts is told as if nobody did."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Go on."""


def _region(region: str) -> dict[str, str]:
    """Return the variable of the region, unless there is one that the person has set."""
    there = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return {"AWS_REGION": region} if region and not there else {}

"""Pulumi's own command line, by which stacks are read and changed on any backend."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from operations import OperationError

if TYPE_CHECKING:
    from collections.abc import Mapping


class EngineError(OperationError):
    """Pulumi failed, or is not there."""


def selected(stack: str) -> str:
    """Return the stack that is meant: the given one, or that of ``pulumi stack select``.

    Raises:
        EngineError: none is given and none is selected.
    """
    return stack or pulumi("stack", "--show-name").strip()


def outputs(stack: str) -> dict[str, Any]:
    """Return the outputs of a stack; what is secret in them stays hidden.

    Raises:
        EngineError: there is no such stack, or nothing is deployed.
    """
    found: dict[str, Any] = json.loads(pulumi("stack", "output", "--json", stack=stack))
    if not found:
        raise EngineError(f"the stack {stack} has no outputs: deploy it by `pulumi up`")
    return found


def pulumi(
    *arguments: str,
    stack: str = "",
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run the engine, on a stack unless none is given, and return what it printed.

    Secrets stay encrypted in what is exported and imported.

    Args:
        arguments: What to do.
        stack: Name of the stack; empty where the command is about none.
        given: What the command reads.
        environment: Variables beside those of this process.

    Raises:
        EngineError: it failed, with all that it said.
    """
    if not shutil.which("pulumi"):
        raise EngineError("there is no `pulumi` on PATH: install it, or enter the laboratory")
    command = ["pulumi", *arguments, *(("--stack", stack) if stack else ()), "--non-interactive"]
    answer = subprocess.run(
        command,
        input=given,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        said = f"{answer.stderr}{_diagnostics(answer.stdout)}".strip()
        raise EngineError(f"pulumi {' '.join(arguments)} failed:\n{said}")
    return answer.stdout


def _diagnostics(printed: str) -> str:
    """Return what a person can read of what the engine printed, JSON or not."""
    try:
        document: Any = json.loads(printed)
    except ValueError:
        return printed
    return "\n".join(each["message"].strip() for each in document.get("diagnostics", []))

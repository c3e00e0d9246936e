"""What a person hands over to be explained: typed, in a file, or from another command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from federation.knowledge import token
from operations import OperationError

MOST_CHARACTERS = 1_000_000
"""Of what is read; a refusal is short, and a log that is longer wants to be searched first."""


def text(given: str) -> str:
    """Return what is meant: standard input for ``-``, a file's content, or the words themselves.

    Args:
        given: As typed; empty for what a person types or pastes next.

    Raises:
        OperationError: there is nothing, or the file cannot be read.
    """
    read = _read(given)
    if not read.strip():
        raise OperationError(
            "there is nothing to explain: give a message, a file, or `-` for standard input"
        )
    return read


def claims(given: str) -> dict[str, Any]:
    """Return the claims that are meant: a JSON object, or those of a token, as :func:`text`.

    Raises:
        OperationError: it is neither; what was given is not repeated, for a token is a secret.
    """
    read = text(given).strip()
    if found := token.found(read):
        try:
            return token.read(found).claims
        except ValueError as error:
            raise OperationError(f"--claims: {error}") from error
    try:
        held: Any = json.loads(read)
    except ValueError:
        held = None
    if not isinstance(held, dict) or not str(held.get("iss", "")).startswith("https://"):
        raise OperationError(
            '--claims must be a token, or a JSON object such as {"iss": "https://…", "aud": "…", '
            '"sub": "…"}, or a file with either'
        )
    return held


def _read(given: str) -> str:
    if given == "-":
        return sys.stdin.read(MOST_CHARACTERS)
    if not given:
        if sys.stdin.isatty():
            print("Paste what AWS or Vault said, then press Ctrl-D:", file=sys.stderr)
        return sys.stdin.read(MOST_CHARACTERS)
    file = _file(given)
    if file is None:
        return given
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return opened.read(MOST_CHARACTERS)
    except OSError as error:
        raise OperationError(f"{file} cannot be read: {error.strerror}") from error


def _file(given: str) -> Path | None:
    try:
        return Path(given) if Path(given).is_file() else None
    except (OSError, ValueError):  # too long for a name, or with a character that none has
        return None

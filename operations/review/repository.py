"""What the repository says: which files a change touches, and the files of stacks."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from operations import OperationError
from operations.review.changed import is_stack_file

if TYPE_CHECKING:
    from pathlib import Path

_NOTHING = re.compile(r"0+")
"""What GitHub gives as the commit before the first one of a branch."""


def touched(folder: Path, since: str) -> list[str] | None:
    """Return what was changed, made or deleted since a commit, by its path below a folder.

    Compared is with the last commit that both have in common, as a pull request does.

    Args:
        folder: The project's folder.
        since: A commit; all zeros if there is none.

    Returns:
        The paths; ``None`` if there is nothing to compare with.

    Raises:
        OperationError: this is no repository, or it has no such commit.
    """
    if _NOTHING.fullmatch(since):
        return None
    command = ("diff", "--name-only", "--no-renames", "--relative", "-z", f"{since}...HEAD", "--")
    answer = subprocess.run(
        ["git", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise OperationError(
            f"git cannot compare {since!r} with HEAD: {answer.stderr.strip()}. In a workflow, "
            "check out with `fetch-depth: 0`"
        )
    return [path for path in answer.stdout.split("\0") if path]


def stack_files(folder: Path) -> dict[str, str]:
    """Return the text of every stack's file, by its name."""
    files = (file for file in sorted(folder.glob("Pulumi.*.yaml")) if is_stack_file(file.name))
    return {file.name: file.read_text("utf-8") for file in files}

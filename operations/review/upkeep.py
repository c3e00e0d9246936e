"""One comment a pull request and one issue a watch: written, written anew, closed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from operations.review.comment import MARKER

if TYPE_CHECKING:
    from clients.github import Repository, Written
    from operations.review.watch import Finding

LABEL: Final = "vaultaws"
"""Label of the issues that a watch opens; GitHub makes it with the first."""


class Act(StrEnum):
    """What is to be done about an issue."""

    OPEN = "opened"
    CHANGE = "changed"
    CLOSE = "closed"
    LEAVE = "left as it is"


def upkept(held: Written | None, finding: Finding) -> Act:
    """Decide what is done about the issue of a watch.

    Args:
        held: The issue that is open; ``None`` if none is.
        finding: What was found.
    """
    if not finding.wrong:
        return Act.CLOSE if held else Act.LEAVE
    if held is None:
        return Act.OPEN
    return Act.LEAVE if held.body.strip() == finding.text().strip() else Act.CHANGE


def keep_issue(repository: Repository, finding: Finding) -> tuple[Act, int]:
    """Open, change or close the issue of a watch.

    Returns:
        What was done, and the number of the issue; 0 if there is none.
    """
    held = repository.issue(LABEL, finding.marker)
    act = upkept(held, finding)
    if held is None:
        number = repository.open_issue(finding.title, finding.text(), LABEL) if finding.wrong else 0
        return act, number
    if act is Act.CHANGE:
        repository.change_issue(held.number, finding.text())
    elif act is Act.CLOSE:
        repository.add_comment(held.number, "Looked again: nothing is wrong any more.")
        repository.close_issue(held.number)
    return act, held.number


def keep_comment(repository: Repository, pull: int, text: str) -> Act:
    """Write the one comment of a pull request, or put another text in its place."""
    held = repository.comment(pull, MARKER)
    if held is None:
        repository.add_comment(pull, text)
        return Act.OPEN
    if held.body.strip() == text.strip():
        return Act.LEAVE
    repository.change_comment(held.number, text)
    return Act.CHANGE

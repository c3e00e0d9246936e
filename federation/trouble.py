"""Something that is wrong, in two parts: what, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Trouble(NamedTuple):
    """Whole sentences once the two are put together, which is how it is told as one message."""

    cause: str
    """What is wrong, with the punctuation that leads to the remedy."""
    remedy: str
    """What to do."""

    def __str__(self) -> str:
        return f"{self.cause}{self.remedy}"


def told(trouble: Trouble | None) -> str:
    """Return a trouble as one message; empty if there is none."""
    return str(trouble) if trouble else ""

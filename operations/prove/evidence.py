"""What was found out, kept in the order in which it was."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field

from operations import log


class Result(enum.StrEnum):
    """What a finding says."""

    SHOWN = "shown"
    WRONG = "not as declared"
    UNSEEN = "could not be looked at"
    OPEN = "not shown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    of: str
    """The part of the stack, for example ``secrets engine aws``."""
    what: str
    """What there was to show."""
    result: Result
    evidence: str
    """What showed it, or shows that it is otherwise; no secret."""
    remedy: str = ""
    """What to do, or how to show what was not shown."""
    at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))


@dataclass(kw_only=True)
class Book:
    """Takes findings down, each with its time."""

    findings: list[Finding] = field(default_factory=list)

    def about(self, of: str) -> Page:
        """Return where the findings of one part of the stack are written."""
        return Page(self, of)


@dataclass(frozen=True, slots=True)
class Page:
    """Where the findings of one part of the stack are written."""

    book: Book
    of: str

    def shown(self, what: str, evidence: str) -> None:
        """Take down what was shown."""
        self._write(what, Result.SHOWN, evidence)

    def wrong(self, what: str, evidence: str, remedy: str) -> None:
        """Take down what is not as declared, and what to do."""
        self._write(what, Result.WRONG, evidence, remedy)

    def unseen(self, what: str, why: str, how: str) -> None:
        """Take down what could not be looked at, though it should, and what to do."""
        self._write(what, Result.UNSEEN, why, how)

    def open(self, what: str, why: str, how: str) -> None:
        """Take down what was not shown, why, and how it can be."""
        self._write(what, Result.OPEN, why, how)

    def judged(self, what: str, problems: list[str], evidence: str, remedy: str) -> None:
        """Take down that there are no problems, with the evidence, or else which there are."""
        if problems:
            self.wrong(what, "; ".join(problems), remedy)
        else:
            self.shown(what, evidence)

    def _write(self, what: str, result: Result, evidence: str, remedy: str = "") -> None:
        self.book.findings.append(
            Finding(of=self.of, what=what, result=result, evidence=evidence, remedy=remedy)
        )
        log.info(f"{self.of}: {what}: {result}")

"""What was shown, as a security team files it, and as a program reads it."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from operations import terminal
from operations.prove.evidence import Result

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from operations.prove.evidence import Finding
    from operations.prove.prove import Report

_MEANING = {
    Result.SHOWN: "seen to be as declared; the evidence stands beside it",
    Result.WRONG: "seen to be otherwise",
    Result.UNSEEN: "neither, for something was in the way",
    Result.OPEN: "nothing speaks against it, and nothing here shows it",
}
_END = (
    "What was issued for this report was ended, as the rows say. No secret stands in it; the id of "
    "a key opens nothing."
)


def verdict(report: Report) -> str:
    """Say in one sentence what came out."""
    counts = ", ".join(
        f"{report.count(result)} {result}" for result in Result if report.count(result)
    )
    if report.proven:
        return f"The stack {report.stack} does what it declares, as far as is shown: {counts}."
    return f"The stack {report.stack} is NOT proven to do what it declares: {counts}."


def document(report: Report) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "stack": report.stack,
        "proven": report.proven,
        "vault": {"address": report.vault, "version": report.version},
        "began": _time(report.began),
        "ended": _time(report.ended),
        "by": {"vault_token": report.token, "aws": list(report.callers)},
        "findings": [{**asdict(finding), "at": _time(finding.at)} for finding in report.findings],
    }


def markdown(report: Report) -> str:
    """Return the report for people, to be filed."""
    lines = [
        f"# Evidence for the stack {report.stack}",
        "",
        verdict(report),
        "",
        *_table(
            ("what", "value"),
            [
                ("from", _time(report.began)),
                ("to", _time(report.ended)),
                ("Vault", f"{report.vault}, version {report.version}"),
                ("asked at Vault by the token of", report.token),
                ("asked at AWS by", ", ".join(report.callers) or "nobody"),
            ],
        ),
        "",
        *_table(("result", "means"), [(str(result), text) for result, text in _MEANING.items()]),
        "",
    ]
    wrong = [each for each in report.findings if each.result in (Result.WRONG, Result.UNSEEN)]
    if wrong:
        lines += ["## What keeps it from being proven", "", *_remedies(wrong), ""]
    for title, findings in groupby(report.findings, key=lambda finding: finding.of):
        rows = [
            (finding.what, str(finding.result), finding.evidence, _time(finding.at))
            for finding in findings
        ]
        heading = title[0].upper() + title[1:]
        lines += [f"## {heading}", "", *_table(("what", "result", "evidence", "when"), rows), ""]
    if still := [each for each in report.findings if each.result is Result.OPEN]:
        lines += ["## Not shown here, and how to show it", "", *_remedies(still), ""]
    return "\n".join([*lines, _END, ""])


def show(report: Report) -> None:
    """Print the report where somebody reads it."""
    for title, findings in groupby(report.findings, key=lambda finding: finding.of):
        rows = [(each.what, str(each.result), each.evidence) for each in findings]
        terminal.table(title, ("what", "result", "evidence"), rows)
    for finding in report.findings:
        if finding.result is not Result.SHOWN:
            print(f"{finding.of}: {finding.what}: {finding.result}\n  {finding.remedy}")
    print(f"\n{verdict(report)}")


def _remedies(findings: Iterable[Finding]) -> list[str]:
    return [
        f"- **{_cell(f'{finding.of}: {finding.what}')}**, {finding.result}: "
        f"{_cell(finding.evidence)}. "
        f"What to do: {_cell(finding.remedy)}."
        for finding in findings
    ]


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(map(_cell, row))} |" for row in rows),
    ]


def _cell(text: str) -> str:
    """Keep text in its cell, and what is in it from being read as anything but text."""
    for mark in "\\|<>*`[]":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _time(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")

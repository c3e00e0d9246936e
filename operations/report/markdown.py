"""The report as Markdown: the whole stack, or what an update changes, for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.report.mermaid import mermaid
from operations.report.words import rights, way, who

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operations.report.changes import Changes, Right
    from operations.report.graph import Graph

COMMENT = 60_000
"""Longest comment, in characters; GitHub takes 65,536."""
_LONGEST_LINE = 1_500
_MOST_EDGES = 400
"""GitHub draws a Mermaid picture of up to 500 edges."""


def markdown(graph: Graph) -> str:
    """Return the whole report."""
    lines = [
        f"# Who can become whom: {plain(graph.stack)}",
        "",
        " · ".join(
            filter(None, (f"Vault at {graph.address}", graph.time and f"as of {graph.time}"))
        ),
        "",
        "| who | by | becomes | where | and may | remarks |",
        "|---|---|---|---|---|---|",
    ]
    for line in graph.becoming():
        remarks = [line.broken] if line.broken else list(line.identity.remarks)
        cells = (
            plain(who(line)),
            code(way(line)),
            code(line.identity.label),
            line.identity.place,
            "<br>".join(map(code, rights(line))),
            "<br>".join(map(plain, remarks)),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if len(graph.edges) <= _MOST_EDGES:
        lines += ["", "```mermaid", mermaid(graph).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def comment(changes: Changes, longest: int = COMMENT) -> str:
    """Return what an update changes, new rights first, in the size of a comment.

    Args:
        changes: What it changes.
        longest: How many characters there is room for, at least some 2,000.
    """
    counts = [
        _count(len(changes.gained), "new right"),
        _count(len(changes.lost), "lost right"),
        _count(len(changes.anew), "thing made anew", "things made anew"),
    ]
    head = [f"### Access: what this update changes in {plain(changes.stack)}", ""]
    if not any((changes.gained, changes.lost, changes.anew, changes.notes)):
        return "\n".join([*head, "Nobody gains or loses a right."]) + "\n"
    head += [f"**{', '.join(counts)}**", ""]
    head += [f"> {plain(_cut(note))}" for note in changes.notes[:20]]
    return _within(head, list(_body(changes)), longest)


def _body(changes: Changes) -> Iterator[str]:
    for title, found, index in (
        ("New rights", changes.gained, 0),
        ("Made anew", (), 0),
        ("Lost rights", changes.lost, 1),
    ):
        if title == "Made anew" and changes.anew:
            yield from ("", f"#### {title}", "")
            yield from (f"- {code(what)}: {plain(told)}" for what, told in changes.anew)
        if found:
            yield from ("", f"#### {title}", "")
            for right in found:
                yield from _bullet(right, index)


def _bullet(right: Right, index: int) -> Iterable[str]:
    yield f"- {code(right.who)} **{right.verb.value[index]}** {code(right.what)}"
    yield from (f"  - {code(detail)}" for detail in right.details)


def _within(head: list[str], body: list[str], longest: int) -> str:
    """Return as many lines as a comment holds, and say how many it does not."""
    room = longest - sum(len(line) + 1 for line in head) - 300
    kept = []
    for line in map(_cut, body):
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        kept.append(line)
    if len(kept) < len(body):
        left = len(body) - len(kept)
        kept += [
            "",
            (
                f"**Not all fits: {left} more lines are left out.** All of it: "
                "`vaultaws report --diff PREVIEW.json --json`"
            ),
        ]
    return "\n".join([*head, *kept]) + "\n"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_LINE:
        return text
    # What was code stays code.
    return text[: _LONGEST_LINE - 2].rstrip("`") + ("…`" if text.endswith("`") else "…")


def code(text: str) -> str:
    """Return a text as code, in which Markdown and mentions mean nothing."""
    text = " ".join(text.split())
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (text.count("`") + 1)
    return f"{fence} {text} {fence}"


def plain(text: str) -> str:
    """Return a text in which no sign means anything to Markdown or HTML."""
    for sign in "\\`*_[]<>#@|~":
        text = text.replace(sign, f"\\{sign}" if sign not in "<>@" else f"&#{ord(sign)};")
    return " ".join(text.split())

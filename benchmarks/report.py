"""What was measured, and the tables that say it: ratios, growth, requests and parts."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

OURS, PEER, FLOOR = "ours", "Terraform", "floor"
PHASES: Final = {
    "preview": "from empty: plan / preview",
    "up": "apply / up",
    "no-op": "no-op plan / preview",
    "destroy": "destroy",
}
_GROWS_FROM: Final = 10
"""Below this many federations, what any command costs at all hides how its cost grows."""
_BEGIN, _END = "<!-- results -->", "<!-- /results -->"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One command, once."""

    subject: str
    federations: int
    phase: str
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of all its processes."""
    largest: int
    """Bytes, the largest resident set of one process."""
    aws: int
    """Requests that reached AWS meanwhile, those of Vault and AWS themselves included."""
    vault: int
    """The same of Vault."""
    parts: dict[str, float] = field(default_factory=dict)
    """CPU seconds by part, where they were sampled."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What one subject keeps of its federations."""

    subject: str
    federations: int
    resources: int
    state: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """One run of the benchmark."""

    about: str
    """Machine, commit and date, in a sentence."""
    rows: list[Row]
    sizes: list[Size]

    def row(self, subject: str, federations: int, phase: str) -> Row | None:
        """Return the row of the median seconds, the lower of two; none if there is none."""
        wanted = (subject, federations, phase)
        found = [r for r in self.rows if (r.subject, r.federations, r.phase) == wanted]
        return sorted(found, key=lambda row: row.wall)[(len(found) - 1) // 2] if found else None

    def seconds(self, subject: str, phase: str) -> dict[int, float]:
        """Return seconds by number of federations."""
        rows = {number: self.row(subject, number, phase) for number in self.federations()}
        return {number: row.wall for number, row in rows.items() if row}

    def federations(self) -> list[int]:
        """Return which numbers of federations were measured, ascending."""
        return sorted({row.federations for row in self.rows if row.subject == OURS})

    def subjects(self) -> list[str]:
        """Return who was measured."""
        return [who for who in (OURS, PEER, FLOOR) if any(row.subject == who for row in self.rows)]


def part(command: Sequence[str]) -> str:
    """Return which part of a run a process is, by its command line."""
    names = [PurePath(word).name for word in command]
    for name in names[:3]:  # the program itself, or the script that an interpreter runs
        if name.startswith("pulumi-language-python-exec"):
            return "program"
        if plugin := re.match(r"(?:pulumi-resource|terraform-provider)-([a-z-]+)", name):
            return f"plugin {plugin[1]}"
    if "pulumi.dynamic" in command:
        return "plugin pulumi-python"
    if names[0] in ("pulumi", "terraform"):
        return "engine"
    if names[0].startswith(("pulumi-language-", "python", "pip", "uv")):
        return "language host"  # which asks Python and its installer for versions and packages
    return "other"


def parts(processes: Iterable[tuple[Sequence[str], float]], whole: float) -> dict[str, float]:
    """Sum CPU seconds by part; what of ``whole`` no sample saw is a part of its own."""
    summed: defaultdict[str, float] = defaultdict(float)
    for command, seconds in processes:
        summed[part(command)] += seconds
    summed["between samples"] = max(0.0, whole - sum(summed.values()))
    return dict(summed)


def growth(points: dict[int, float]) -> float | None:
    """Return k of cost ~ N^k between the first N of ten or more and the last; none if one is all.

    1 is in proportion, 2 is with the square.
    """
    known = sorted(number for number in points if number >= _GROWS_FROM)
    if len(known) < 2:  # noqa: PLR2004 - a slope needs two points
        return None
    first, last = known[0], known[-1]
    return math.log(points[last] / points[first]) / math.log(last / first)


def markdown(results: Results) -> str:
    """Return the sentence about the run and all tables."""
    numbers, whos = results.federations(), results.subjects()
    compared = [who for who in whos if who != FLOOR]
    every = [(who, n) for n in (0, *numbers) for who in whos if n or who == FLOOR]
    headed = {
        "Seconds, ours / Terraform = **ratio**": _by_phase(
            (f"N = {n}", partial(_ratio, results, n)) for n in numbers
        ),
        "Growth: k of seconds ~ N^k": _by_phase(
            (who, partial(_growth, results, who)) for who in whos
        ),
        "Each command: seconds; CPU seconds; largest process": _by_phase(
            (f"{who}, N = {n}", partial(_detail, results, who, n)) for who, n in every
        ),
        "What is kept": _sizes(results),
        "Requests of one federation more, at AWS + at Vault": _by_phase(
            (who, partial(_requests, results, who)) for who in compared
        ),
        "CPU seconds of one no-op preview or plan, by part": _parts(results),
    }
    tables = [f"### {title}\n\n{table}" for title, table in headed.items()]
    return "\n\n".join([results.about, *tables])


def placed(page: str, results: str) -> str:
    """Return ``page`` with ``results`` between its markers.

    Raises:
        ValueError: the page has no such markers.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page needs a line {_BEGIN} and, below it, a line {_END}")
    return f"{before}{begin}\n{results}\n{end}{after}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [head, ["--"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _by_phase(lines: Iterable[tuple[str, Callable[[str], str]]]) -> str:
    """Return a table with a column a phase; each line is its title and what tells its cells."""
    cells = ([title, *map(cell, PHASES)] for title, cell in lines)
    return _table(["", *PHASES.values()], cells)


def _ratio(results: Results, number: int, phase: str) -> str:
    mine = results.seconds(OURS, phase)[number]
    theirs = results.seconds(PEER, phase).get(number)
    return f"{mine:.1f} / {theirs:.1f} = **{mine / theirs:.2f}**" if theirs else f"{mine:.1f}"


def _growth(results: Results, subject: str, phase: str) -> str:
    exponent = growth(results.seconds(subject, phase))
    return "" if exponent is None else f"{exponent:.2f}"


def _detail(results: Results, subject: str, number: int, phase: str) -> str:
    row = results.row(subject, number, phase)
    return f"{row.wall:.1f}; {row.cpu:.1f}; {row.largest / 2**20:.0f} MiB" if row else ""


def _requests(results: Results, subject: str, phase: str) -> str:
    numbers = results.federations()
    first, last = (results.row(subject, n, phase) for n in (numbers[0], numbers[-1]))
    if not first or not last:
        return ""
    more = numbers[-1] - numbers[0]
    if not more:  # all that can be said of one size is its share
        return f"{last.aws / numbers[0]:.1f} + {last.vault / numbers[0]:.1f}"
    return f"{(last.aws - first.aws) / more:.1f} + {(last.vault - first.vault) / more:.1f}"


def _sizes(results: Results) -> str:
    lines = [
        [
            *(size.subject, str(size.federations), str(size.resources)),
            f"{size.resources / size.federations:.1f}",
            f"{size.state / 1024:.0f} KiB",
            f"{size.state / 1024 / size.federations:.1f} KiB",
        ]
        for size in sorted(results.sizes, key=lambda size: size.federations)
    ]
    return _table(["", "N", "resources", "a federation", "state", "a federation"], lines)


def _parts(results: Results) -> str:
    rows = [
        row
        for number in (0, *results.federations())
        for who in results.subjects()
        if (row := results.row(who, number, "sampled"))
    ]
    names = sorted({name for row in rows for name in row.parts})
    lines = [
        [f"{row.subject}, N = {row.federations}", *(f"{row.parts.get(n, 0):.2f}" for n in names)]
        for row in rows
    ]
    return _table(["", *names], lines)

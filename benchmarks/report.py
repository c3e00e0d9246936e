"""What was measured, and the page that says it: tables of ratios and growth, and a picture."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import PurePath
from statistics import median
from typing import TYPE_CHECKING, Final

import pygal
from pygal.style import CleanStyle

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
    """Machine, versions and date, in a sentence."""
    rows: list[Row]
    sizes: list[Size]

    def cell(
        self, subject: str, federations: int, phase: str, value: Callable[[Row], float]
    ) -> float | None:
        """Return the median of ``value`` over all rounds; none if this was not measured."""
        found = [
            value(row)
            for row in self.rows
            if (row.subject, row.federations, row.phase) == (subject, federations, phase)
        ]
        return median(found) if found else None

    def federations(self) -> list[int]:
        """Return which numbers of federations were measured, ascending."""
        return sorted({row.federations for row in self.rows if row.subject != FLOOR})


def part(command: Sequence[str]) -> str:
    """Return which part of a run a process is, by its command line."""
    names = [PurePath(word).name for word in command]
    for name in names[:3]:  # the program itself, or the script that an interpreter runs
        if name.startswith("pulumi-language-python-exec"):
            return "program"
        if name.startswith("pulumi-resource-"):
            return f"plugin {name.removeprefix('pulumi-resource-')}"
        if name.startswith("terraform-provider-"):
            return f"plugin {name.removeprefix('terraform-provider-').partition('_')[0]}"
    if "pulumi.dynamic" in command:
        return "plugin pulumi-python"
    if names[0] in ("pulumi", "terraform"):
        return "engine"
    if names[0].startswith(("pulumi-language-", "python", "pip", "uv")):
        return "language host"  # which asks Python and its installer for versions and packages
    return f"other: {names[0]}"


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
    """Return all tables."""
    headed = {
        "Seconds, ours / Terraform = ratio": _ratios(results),
        "Growth: k of seconds ~ N^k": _growths(results),
        "Every command: seconds; CPU seconds; largest process": _details(results),
        "What is kept": _sizes(results),
        "Requests of one federation more, at AWS + Vault": _requests(results),
        "CPU seconds of one no-op preview or plan, by part": _parts(results),
    }
    return "\n\n".join([results.about, *(f"### {title}\n\n{table}" for title, table in headed.items())])


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


def picture(results: Results) -> str:
    """Return an SVG of how seconds grow with the number of federations, both axes logarithmic."""
    style = CleanStyle(colors=("#1f6f8b", "#c8553d"))
    dashes = {OURS: "", PEER: "8, 5", FLOOR: "2, 4"}
    chart = pygal.XY(
        style=style,
        logarithmic=True,
        js=[],  # no script from elsewhere
        title="Seconds of one command",
        x_title="federations",
        x_labels=results.federations(),
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
    )
    for subject, dash in dashes.items():
        for phase in ("up", "no-op"):
            chart.add(
                f"{subject}: {PHASES[phase]}",
                list(_seconds(results, subject, phase).items()),
                stroke_style={"width": 3, "dasharray": dash},
            )
    return str(chart.render(is_unicode=True))


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [head, ["--"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _seconds(results: Results, subject: str, phase: str) -> dict[int, float]:
    cells = {n: results.cell(subject, n, phase, lambda row: row.wall) for n in results.federations()}
    return {number: seconds for number, seconds in cells.items() if seconds is not None}


def _ratios(results: Results) -> str:
    def cell(number: int, phase: str) -> str:
        mine = _seconds(results, OURS, phase)[number]
        theirs = _seconds(results, PEER, phase).get(number)
        return f"{mine:.1f} / {theirs:.1f} = **{mine / theirs:.2f}**" if theirs else f"{mine:.1f}"

    lines = [[str(n), *(cell(n, phase) for phase in PHASES)] for n in results.federations()]
    return _table(["N", *PHASES.values()], lines)


def _growths(results: Results) -> str:
    def cell(subject: str, phase: str) -> str:
        exponent = growth(_seconds(results, subject, phase))
        return "–" if exponent is None else f"{exponent:.2f}"

    lines = [[who, *(cell(who, phase) for phase in PHASES)] for who in _subjects(results)]
    return _table(["", *PHASES.values()], lines)


def _details(results: Results) -> str:
    def cell(subject: str, number: int, phase: str) -> str:
        wall = results.cell(subject, number, phase, lambda row: row.wall)
        cpu = results.cell(subject, number, phase, lambda row: row.cpu)
        largest = results.cell(subject, number, phase, lambda row: row.largest)
        if wall is None or cpu is None or largest is None:
            return "–"
        return f"{wall:.1f}; {cpu:.1f}; {largest / 2**20:.0f} MiB"

    numbers = sorted({row.federations for row in results.rows})
    lines = [
        [who, str(number), *(cell(who, number, phase) for phase in PHASES)]
        for number in numbers
        for who in _subjects(results)
        if number or who == FLOOR
    ]
    return _table(["", "N", *PHASES.values()], lines)


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


def _requests(results: Results) -> str:
    numbers = results.federations()

    def more(subject: str, phase: str, value: Callable[[Row], float]) -> str:
        first, last = (results.cell(subject, n, phase, value) for n in (numbers[0], numbers[-1]))
        if first is None or last is None:
            return "–"
        if len(numbers) == 1:
            return f"{last / numbers[0]:.1f}"
        return f"{(last - first) / (numbers[-1] - numbers[0]):.1f}"

    def cell(subject: str, phase: str) -> str:
        at_aws, at_vault = (lambda row: row.aws), (lambda row: row.vault)
        return f"{more(subject, phase, at_aws)} + {more(subject, phase, at_vault)}"

    compared = [who for who in _subjects(results) if who != FLOOR]
    lines = [[who, *(cell(who, phase) for phase in PHASES)] for who in compared]
    return _table(["", *PHASES.values()], lines)


def _parts(results: Results) -> str:
    sampled = [row for row in results.rows if row.parts]
    names = sorted({name for row in sampled for name in row.parts})
    lines = [
        [row.subject, str(row.federations), *(f"{row.parts.get(n, 0):.2f}" for n in names)]
        for row in sorted(sampled, key=lambda row: row.federations)
    ]
    return _table(["", "N", *names], lines)


def _subjects(results: Results) -> list[str]:
    return list(dict.fromkeys(row.subject for row in results.rows))

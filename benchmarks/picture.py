"""How cost grows, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pygal
from pygal.style import CleanStyle

from benchmarks.report import FLOOR, OURS, PEER, PHASES

if TYPE_CHECKING:
    from benchmarks.report import Results

_LINES: Final = {
    (OURS, "up"): ("#0b4f6c", ""),
    (OURS, "no-op"): ("#a4243b", ""),
    (PEER, "up"): ("#3d9ac4", "8, 5"),
    (PEER, "no-op"): ("#e0685e", "8, 5"),
    (FLOOR, "up"): ("#555555", "2, 4"),
    (FLOOR, "no-op"): ("#999999", "2, 4"),
}
"""Colour and dashes: blue and red by phase, lighter for Terraform, grey for the floor."""


def picture(results: Results) -> str:
    """Return an SVG of how seconds grow with the number of federations, both axes logarithmic."""
    drawn = {line: look for line, look in _LINES.items() if line[0] in results.subjects()}
    chart = pygal.XY(
        style=CleanStyle(colors=[colour for colour, _ in drawn.values()]),
        logarithmic=True,
        js=[],  # no script from elsewhere
        title="Seconds of one command, by federations",
        x_labels=results.federations(),
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
    )
    for (subject, phase), (_, dashes) in drawn.items():
        chart.add(
            f"{subject}: {PHASES[phase]}",
            list(results.seconds(subject, phase).items()),
            stroke_style={"width": 3, "dasharray": dashes},
        )
    return str(chart.render(is_unicode=True))

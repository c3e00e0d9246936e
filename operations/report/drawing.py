"""Where everything of the picture stands: Graphviz's layout, a column for each kind of node."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.report.graph import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from operations.report.graph import Graph, Node

FONT = 11
"""Size of the letters, in pixels, as everything else."""
CELL = 6.6
"""Width of a letter: of a monospaced font, three fifths of its size."""
LINE = 15
WIDTH = 220
"""Of a box."""
MARGIN = 9
"""Between the edge of a box and its text."""
_CELLS = int((WIDTH - 2 * MARGIN) / CELL)
_MOST_LINES = 3
"""For each thing said of a node; the rest is among its details."""
_BETWEEN_COLUMNS = 64
_BETWEEN_ROWS = 12
_INCH = 72
"""Graphviz counts sizes in inches, and places in points of which it has 72."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of text in a box."""

    text: str
    cells: int
    """How wide it is, in letters."""
    role: str
    """``label``, ``says`` or ``place``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A node of the picture."""

    x: float
    y: float
    height: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """The picture, from its upper left corner."""

    width: float
    height: float
    columns: Mapping[Kind, float]
    """Left edge of each column that has nodes."""
    boxes: Mapping[str, Box]
    curves: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]
    """Points of a cubic Bezier spline for each edge, from its source to its target."""


def draw(graph: Graph) -> Drawing:
    """Return the picture of a graph."""
    import pygraphviz  # noqa: PLC0415 - loads Graphviz, which only a picture needs

    lines = {id_: tuple(_lines(node)) for id_, node in graph.nodes.items()}
    heights = {id_: len(said) * LINE + 2 * MARGIN for id_, said in lines.items()}
    names = {id_: f"n{number}" for number, id_ in enumerate(graph.nodes)}
    kinds = [kind for kind in Kind if any(node.kind is kind for node in graph.nodes.values())]
    laid = pygraphviz.AGraph(
        directed=True,
        rankdir="LR",
        nodesep=_BETWEEN_ROWS / _INCH,
        ranksep=_BETWEEN_COLUMNS / _INCH,
    )
    # Graphviz measures no text: it is given sizes, and its fonts are never asked for.
    laid.node_attr.update(label="", shape="box", fixedsize="true", width=WIDTH / _INCH, height=0.01)
    laid.edge_attr.update(dir="none", tailport="e", headport="w")
    for number, kind in enumerate(kinds):
        column = [names[id_] for id_, node in graph.nodes.items() if node.kind is kind]
        laid.add_node(f"c{number}")
        for id_, node in graph.nodes.items():
            if node.kind is kind:
                laid.add_node(names[id_], height=heights[id_] / _INCH)
        laid.add_subgraph([f"c{number}", *column], rank="same")
        if number:
            laid.add_edge(f"c{number - 1}", f"c{number}", style="invis")
    for edge in graph.edges:
        laid.add_edge(names[edge.source], names[edge.target])
    laid.layout("dot")
    return _read(graph, laid, names, lines, kinds)


def _read(
    graph: Graph,
    laid: object,
    names: Mapping[str, str],
    lines: Mapping[str, tuple[Line, ...]],
    kinds: list[Kind],
) -> Drawing:
    """Return what Graphviz found, which counts upwards from the lower left corner."""
    _, _, right, top = _numbers(laid.graph_attr["bb"])  # type: ignore[attr-defined] # no types

    def place(name: str) -> tuple[float, float]:
        x, y = _numbers(laid.get_node(name).attr["pos"])  # type: ignore[attr-defined] # no types
        return x, top - y

    boxes = {}
    for id_, name in names.items():
        x, y = place(name)
        height = len(lines[id_]) * LINE + 2 * MARGIN
        boxes[id_] = Box(x=x - WIDTH / 2, y=y - height / 2, height=height, lines=lines[id_])
    curves = {}
    for edge in graph.edges:
        pos = laid.get_edge(names[edge.source], names[edge.target]).attr["pos"]  # type: ignore[attr-defined] # no types
        points = [_numbers(point) for point in pos.split()]
        curves[edge.source, edge.target] = tuple((x, top - y) for x, y in points)
    columns = {kind: place(f"c{number}")[0] - WIDTH / 2 for number, kind in enumerate(kinds)}
    return Drawing(width=right, height=top, columns=columns, boxes=boxes, curves=curves)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _lines(node: Node) -> Iterator[Line]:
    yield from _wrapped(node.label, "label")
    for said in node.says:
        yield from _wrapped(said, "says")
    if node.place:
        yield from _wrapped(node.place, "place")


def _wrapped(text: str, role: str) -> Iterator[Line]:
    """Part a text into lines that fit, after a sign where one is near; cut it after the last."""
    lines: list[str] = []
    rest = text
    while rest:
        end = _fitting(rest)
        if end < len(rest):
            near = max(rest.rfind(sign, end // 2, end) for sign in " -/:,._") + 1
            end = near or end
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    if len(lines) > _MOST_LINES:
        last = lines[_MOST_LINES - 1]
        lines[_MOST_LINES - 1 :] = [last[: _fitting(last, _CELLS - 1)] + "…"]
    for line in lines:
        yield Line(text=line, cells=sum(map(_cells, line)), role=role)


def _fitting(text: str, most: int = _CELLS) -> int:
    """Return how many characters fit into a line; at least one."""
    used = 0
    for count, character in enumerate(text):
        used += _cells(character)
        if used > most:
            return max(count, 1)
    return len(text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

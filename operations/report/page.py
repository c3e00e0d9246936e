"""One page for a browser that needs nothing else: a table to read, a picture to search and filter.

Everything is in the file, and its own policy lets nothing else in. Without scripts the table and
the whole picture are there; the script hides, moves and tells details.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections import Counter
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from operations.report.drawing import CELL, FONT, LINE, MARGIN, WIDTH, Box, Drawing, draw
from operations.report.graph import Kind
from operations.report.words import way, who

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operations.report.graph import Graph, Node

_FOLDER = Path(__file__).parent
_HEADS = 30
"""Height of the row with the names of the columns."""
_EDGE = 12
"""Free space around the picture."""


def page(graph: Graph) -> str:
    """Return the page as HTML."""
    style = (_FOLDER / "page.css").read_text("utf-8")
    script = (_FOLDER / "page.js").read_text("utf-8")
    template = Template((_FOLDER / "page.html").read_text("utf-8"))
    drawing = draw(graph)
    places = sorted({node.place for node in graph.nodes.values() if node.place})
    return template.substitute(
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        title=html.escape(f"Who can become whom: {graph.stack}"),
        subtitle=html.escape(_subtitle(graph)),
        namespaces="".join(_options(places, "namespace ")),
        accounts="".join(_options(places, "account ")),
        rows="".join(_rows(graph)),
        heads="".join(_heads(drawing)),
        picture="".join(_picture(graph, drawing)),
        width=f"{drawing.width + 2 * _EDGE:.0f}",
        height=f"{drawing.height + 2 * _EDGE:.0f}",
        heads_height=_HEADS,
        data=_data(graph),
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _subtitle(graph: Graph) -> str:
    count = Counter(node.kind for node in graph.nodes.values())
    said = [
        f"Vault at {graph.address}" if graph.address else "",
        f"as of {graph.time[:16].replace('T', ' ')} UTC" if graph.time else "",
        f"{count[Kind.MOUNT]} mounts",
        f"{count[Kind.IDENTITY]} identities at AWS",
    ]
    return " · ".join(filter(None, said))


def _options(places: Iterable[str], kind: str) -> Iterator[str]:
    for place in places:
        if place.startswith(kind):
            value = html.escape(place, quote=True)
            yield f'<option value="{value}">{html.escape(place.removeprefix(kind))}</option>'


def _rows(graph: Graph) -> Iterator[str]:
    lines = {tuple(node.id for node in line.way): line for line in graph.becoming()}
    numbers: dict[tuple[str, ...], list[int]] = {ids: [] for ids in lines}
    for number, route in enumerate(graph.routes):
        for length in range(1, len(route.nodes) + 1):
            if route.nodes[:length] in numbers:
                numbers[route.nodes[:length]].append(number)
    for ids, line in lines.items():
        cells = (
            who(line),
            way(line),
            line.identity.label,
            line.identity.place,
            "\n".join(said for right in line.rights for said in (right.says or (right.label,))),
            line.broken or "\n".join(line.identity.remarks),
        )
        told = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        routes = " ".join(map(str, numbers[ids]))
        bad = ' class="broken"' if line.broken else ""
        yield f'<tr tabindex="0" data-routes="{routes}"{bad}>{told}</tr>\n'


def _heads(drawing: Drawing) -> Iterator[str]:
    for kind, x in drawing.columns.items():
        yield (
            f'<text x="{x + _EDGE + WIDTH / 2:.1f}" y="{_HEADS / 2 + 4:.0f}" text-anchor="middle" '
            f'font-size="13" font-weight="bold" fill="#222">{html.escape(kind.value)}</text>\n'
        )


def _picture(graph: Graph, drawing: Drawing) -> Iterator[str]:
    index = {id_: number for number, id_ in enumerate(graph.nodes)}
    for edge in graph.edges:
        points = [(x + _EDGE, y + _EDGE) for x, y in drawing.curves[edge.source, edge.target]]
        (x, y), *rest = points
        path = f"M{x:.1f},{y:.1f}C" + " ".join(f"{x:.1f},{y:.1f}" for x, y in rest)
        dashes = ' stroke-dasharray="5 4" class="broken"' if edge.broken else ""
        colour = "#c0261c" if edge.broken else "#8a94a3"
        yield (
            f'<path d="{path}" data-ends="{index[edge.source]} {index[edge.target]}" fill="none" '
            f'stroke="{colour}" stroke-width="1.4"{dashes}/>\n'
        )
    for id_, node in graph.nodes.items():
        yield _node(node, drawing.boxes[id_], index[id_])


def _node(node: Node, box: Box, number: int) -> str:
    x, y = box.x + _EDGE, box.y + _EDGE
    texts = []
    for row, line in enumerate(box.lines):
        # Stretched to the width that was counted on, whatever font there is.
        texts.append(
            f'<text x="{MARGIN}" y="{MARGIN + row * LINE + FONT}" class="{line.role}" '
            f'textLength="{line.cells * CELL:.1f}" lengthAdjust="spacingAndGlyphs" '
            f'font-family="monospace" font-size="{FONT}" fill="#1a1f27" '
            f'xml:space="preserve">{html.escape(line.text)}</text>'
        )
    marks = " remarked" if node.remarks else ""
    return (
        f'<g class="node {node.kind.name.lower()}{marks}" data-node="{number}" tabindex="0" '
        f'role="button" aria-label="{html.escape(f"{node.kind.value}: {node.label}", quote=True)}" '
        f'transform="translate({x:.1f},{y:.1f})"><rect width="{WIDTH}" height="{box.height:.0f}" '
        f'rx="6" fill="#ffffff" stroke="#5b6675"/>{"".join(texts)}</g>\n'
    )


def _data(graph: Graph) -> str:
    """Return what the script reads, as JSON that ends no element."""
    index = {id_: number for number, id_ in enumerate(graph.nodes)}
    document: dict[str, Any] = {
        "nodes": [
            {
                "kind": node.kind.value,
                "label": node.label,
                "place": node.place,
                "says": list(node.says),
                "facts": dict(node.facts),
                "document": node.document,
                "remarks": list(node.remarks),
            }
            for node in graph.nodes.values()
        ],
        "edges": [
            {
                "ends": [index[edge.source], index[edge.target]],
                "says": edge.says,
                "broken": edge.broken,
            }
            for edge in graph.edges
        ],
        "routes": [[index[id_] for id_ in route.nodes] for route in graph.routes],
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

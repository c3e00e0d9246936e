"""The report as a Mermaid flowchart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operations.report.graph import Graph, Node

_COLOURS = {
    "who": "#e8f0fe",
    "login": "#fff6dd",
    "vault_policy": "#fff6dd",
    "vault_role": "#fff6dd",
    "mount": "#fff6dd",
    "token": "#f1eafc",
    "provider": "#f1eafc",
    "role": "#e7f6ea",
    "identity": "#e7f6ea",
    "rights": "#e7f6ea",
}


def mermaid(graph: Graph) -> str:
    """Return the flowchart: a box for each namespace and account, and what is in it."""
    names = {id_: f"n{number}" for number, id_ in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    places = dict.fromkeys(node.place for node in graph.nodes.values())
    for number, place in enumerate(places):
        inside = [node for node in graph.nodes.values() if node.place == place]
        indent = "    " if place else "  "
        if place:
            lines.append(f'  subgraph p{number}["{_text(place)}"]')
        lines += [f"{indent}{names[node.id]}{_box(node)}" for node in inside]
        if place:
            lines.append("  end")
    for edge in graph.edges:
        ends = names[edge.source], names[edge.target]
        if edge.broken:
            lines.append(f'  {ends[0]} -. "{_text(edge.broken)}" .-x {ends[1]}')
        else:
            lines.append(f'  {ends[0]} -- "{_text(edge.says)}" --> {ends[1]}')
    lines += [f"  classDef {kind} fill:{colour},color:#1a1f27" for kind, colour in _COLOURS.items()]
    return "\n".join(lines) + "\n"


def _box(node: Node) -> str:
    said = "<br>".join(map(_text, (node.label, *node.says[:3])))
    return f'["{said}"]:::{node.kind.name.lower()}'


def _text(text: str) -> str:
    """Return a text for quotes, its signs by their numbers as Mermaid has them."""
    return "".join(
        character
        if character.isalnum() or character in " -_./,;()+=" or character == ":"
        else f"#{ord(character)};"
        for character in text
    )

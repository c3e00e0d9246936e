"""The report as a tree in a terminal: who, by what login, becomes whom, and may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from operations.report.graph import Kind
from operations.report.words import named, rights, who

if TYPE_CHECKING:
    from operations.report.graph import Becoming, Graph, Node

_FAINT = "bright_black"


def tree(graph: Graph) -> Tree:
    """Return the tree; everything in it is plain text."""
    whose = f"Vault at {graph.address}" if graph.address else "Vault"
    root = Tree(Text.assemble((graph.stack, "bold"), f": who can become whom by {whose}"))
    begun: dict[str, Tree] = {}
    for line in graph.becoming():
        above = begun.get(line.who.id)
        if above is None:
            style = "bold cyan" if line.who.kind is Kind.WHO else "yellow"
            above = begun[line.who.id] = root.add(Text(who(line), style))
            _remarks(above, line.who)
        _becoming(above, line)
    _without_credentials(root, begun, graph)
    own = root.add(Text("Vault itself", "bold"))
    _vault_itself(own, graph)
    return root


def _becoming(above: Tree, line: Becoming) -> None:
    read = line.vault_role
    if read is not None:
        logins = [node for node in line.way if node.kind is Kind.LOGIN]
        by = Text.assemble(
            *(f"{node.label} → " for node in logins), (read.label, "bold"), f", {read.place}"
        )
        above = above.add(by)
        _remarks(above, read)
        for name, value in read.facts.items():
            if name.startswith("session"):
                above.add(Text(f"{name}: {value}"))
    becomes = Text.assemble(
        "becomes ", (line.identity.label, "bold green"), f", {', '.join(line.identity.says)}"
    )
    if line.identity.place:
        becomes.append(f", {line.identity.place}")
    last = above.add(becomes)
    through = [node.label for node in line.way if node.kind in (Kind.MOUNT, Kind.TOKEN, Kind.ROLE)]
    if through:
        last.add(Text(f"through {' → '.join(through)}", _FAINT))
    if line.broken:
        last.add(Text(f"does not work: {line.broken}", "red"))
    _remarks(last, line.identity)
    for said in rights(line):
        last.add(Text(f"may {said}"))


def _without_credentials(root: Tree, begun: dict[str, Tree], graph: Graph) -> None:
    """Tell who logs in and gets no credentials of AWS for it."""
    for route in graph.routes:
        nodes = [graph.nodes[id_] for id_ in route.nodes]
        if nodes[0].kind is not Kind.WHO or any(node.kind is Kind.IDENTITY for node in nodes):
            continue
        above = begun.get(nodes[0].id)
        if above is None:
            above = begun[nodes[0].id] = root.add(Text(named(nodes[0]), "bold cyan"))
        by = " → ".join(node.label for node in nodes[1:])
        last = above.add(Text(f"{by}: no credentials of AWS"))
        if route.broken:
            last.add(Text(f"does not work: {route.broken}", "red"))
        _remarks(last, nodes[-1])


def _vault_itself(above: Tree, graph: Graph) -> None:
    mounts: dict[str, Tree] = {}
    for route in graph.routes:
        nodes = [graph.nodes[id_] for id_ in route.nodes]
        if nodes[0].kind is not Kind.MOUNT or any(node.kind is Kind.IDENTITY for node in nodes):
            continue
        key = " ".join(node.id for node in nodes if node.kind is not Kind.RIGHTS)
        if key not in mounts:
            roles = [node for node in nodes if node.kind is Kind.ROLE]
            said = f"{nodes[0].label}, {nodes[0].place}"
            said += "".join(f", is {role.label}, {role.place}" for role in roles)
            mounts[key] = above.add(Text(said))
            for node in nodes:
                if node.kind is not Kind.RIGHTS:
                    _remarks(mounts[key], node)
            if route.broken:
                mounts[key].add(Text(f"does not work: {route.broken}", "red"))
        for node in nodes:
            if node.kind is Kind.RIGHTS:
                mounts[key].add(Text(f"{node.label}: {'; '.join(node.says)}", _FAINT))


def _remarks(above: Tree, node: Node) -> None:
    for remark in node.remarks:
        above.add(Text(remark, "yellow"))

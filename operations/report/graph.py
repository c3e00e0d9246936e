"""The one model of a report: who, by what, becomes whom, and may do what."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(enum.Enum):
    """What a node is; in the order in which one leads to the next, a column of the picture each."""

    WHO = "Who"
    LOGIN = "Logs in by"
    VAULT_POLICY = "Vault policy"
    VAULT_ROLE = "Vault role"
    MOUNT = "Mount"
    TOKEN = "Token"  # noqa: S105 - a heading
    PROVIDER = "Identity provider"
    ROLE = "IAM role of Vault"
    IDENTITY = "Becomes"
    RIGHTS = "May do"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One thing of Vault, of AWS or before them."""

    id: str
    """The same for the same thing in every state, made anew or not."""
    kind: Kind
    label: str
    """What people call it, short."""
    place: str = ""
    """``namespace PATH`` or ``account ID``; empty where it is in neither."""
    says: tuple[str, ...] = ()
    """A few words beside the label."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Everything else about it, by name; nothing secret."""
    document: Any = None
    """Trust, identity policy, or capabilities by path: what decides, as JSON."""
    remarks: tuple[str, ...] = ()
    """What a reader must be told: that it leads nowhere, or that more is not known here."""

    def remarked(self, *remarks: str) -> Node:
        """Return it with something more to be told."""
        return replace(self, remarks=tuple(dict.fromkeys((*self.remarks, *remarks))))

    def mentions(self, text: str) -> bool:
        """Say whether a person who types this, in any case, means it."""
        wanted = text.casefold()
        said = (self.id, self.label, self.place, *self.says, *self.facts.values())
        return any(wanted in each.casefold() for each in said)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """One node leads to another."""

    source: str
    target: str
    says: str
    """The verb between the two."""
    broken: str = ""
    """Why it does not lead there after all; empty if it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One way from beginning to end; what merely shares a mount does not share a route."""

    nodes: tuple[str, ...]
    broken: str = ""
    """Why it does not lead to its end; empty if it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """A stack."""

    stack: str
    address: str
    """Address of Vault; empty where it is not known yet."""
    time: str
    """When the stack was last changed; empty where nobody says."""
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    routes: tuple[Route, ...]

    def only(self, text: str) -> Graph:
        """Return what lies on a way through anything that a text mentions; all without a text."""
        if not text:
            return self
        meant = {id_ for id_, node in self.nodes.items() if node.mentions(text)}
        routes = tuple(route for route in self.routes if meant.intersection(route.nodes))
        left = {id_ for route in routes for id_ in route.nodes} | meant
        return replace(
            self,
            nodes={id_: node for id_, node in self.nodes.items() if id_ in left},
            edges=tuple(edge for edge in self.edges if {edge.source, edge.target} <= left),
            routes=routes,
        )

    def becoming(self) -> list[Becoming]:
        """Return who can become whom, a line for each way there, each right among them."""
        found: dict[tuple[str, ...], Becoming] = {}
        for route in self.routes:
            kinds = {self.nodes[id_].kind: id_ for id_ in route.nodes}
            if Kind.IDENTITY not in kinds:
                continue
            way = route.nodes[: route.nodes.index(kinds[Kind.IDENTITY]) + 1]
            line = found.setdefault(
                way,
                Becoming(
                    who=self.nodes[way[0]],
                    way=tuple(self.nodes[id_] for id_ in way),
                    identity=self.nodes[way[-1]],
                    rights=[],
                    broken=route.broken,
                ),
            )
            rights = (self.nodes[id_] for id_ in route.nodes[len(way) :])
            line.rights.extend(right for right in rights if right not in line.rights)
        return list(found.values())

    def document(self) -> dict[str, Any]:
        """Return it all as JSON."""
        return {
            "stack": self.stack,
            "vault": self.address,
            "time": self.time,
            "nodes": [
                {
                    "id": node.id,
                    "kind": node.kind.name.lower(),
                    "label": node.label,
                    "place": node.place,
                    "says": list(node.says),
                    "facts": dict(node.facts),
                    "document": node.document,
                    "remarks": list(node.remarks),
                }
                for node in self.nodes.values()
            ],
            "edges": [
                {
                    "source": edge.source,
                    "target": edge.target,
                    "says": edge.says,
                    "broken": edge.broken,
                }
                for edge in self.edges
            ],
            "routes": [{"nodes": [*route.nodes], "broken": route.broken} for route in self.routes],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Becoming:
    """One way in which somebody becomes somebody at AWS."""

    who: Node
    """Whoever begins: people, a principal, or where nobody of the stack does, what lets them in."""
    way: tuple[Node, ...]
    """From ``who`` to ``identity``, both included."""
    identity: Node
    rights: list[Node]
    broken: str
    """Why it fails at AWS; empty if nothing is known to."""

    @property
    def vault_role(self) -> Node | None:
        """The Vault role whose credentials are read; none where AWS alone is asked."""
        return next((node for node in self.way if node.kind is Kind.VAULT_ROLE), None)

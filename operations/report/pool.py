"""What a graph is gathered in, and how the resources of a stack are found by those who gather."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from federation import identity, regions
from operations.report.graph import Edge, Node
from operations.report.resources import UNKNOWN

if TYPE_CHECKING:
    from operations.report.resources import Resource, Stack

_OWN = "pulumi-python:dynamic/vaultwif:"
HIDDEN = "(hidden)"


class Pool:
    """Nodes and edges, each once, over the resources of a stack."""

    def __init__(self, stack: Stack) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str], Edge] = {}
        self.targets: dict[str, list[str]] = defaultdict(list)
        """Where each node leads to."""
        self._by_type: dict[str, list[Resource]] = defaultdict(list)
        self.by_urn = {each.urn: each for each in stack.resources}
        # In one order, whatever order the engine worked in: two reports can be compared.
        for each in sorted(stack.resources, key=lambda each: each.urn):
            self._by_type[each.type].append(each)

    def of(self, type_: str) -> list[Resource]:
        """Return the resources of a type, or of one of the program's own by its class."""
        return self._by_type[type_ if ":" in type_ else _OWN + type_]

    def add(self, node: Node) -> str:
        """Keep a node, unless its like is there; return its id."""
        self.nodes.setdefault(node.id, node)
        return node.id

    def remark(self, id_: str, *remarks: str) -> None:
        """Add to what a reader must be told of a node."""
        self.nodes[id_] = self.nodes[id_].remarked(*(each for each in remarks if each))

    def link(self, source: str, target: str, says: str, broken: str = "") -> None:
        """Lead from one node to another; a way that holds beside one that does not, counts."""
        held = self.edges.get((source, target))
        if held is None:
            self.targets[source].append(target)
        if held is None or (held.broken and not broken):
            self.edges[source, target] = Edge(
                source=source, target=target, says=says, broken=broken
            )

    def broken(self, *way: str) -> str:
        """Return why a way does not lead to its end, by its first edge that does not hold."""
        for pair in itertools.pairwise(way):
            if pair in self.edges and self.edges[pair].broken:
                return self.edges[pair].broken
        return ""

    @property
    def address(self) -> str:
        """Address of Vault."""
        return next((str(each.values.get("address", "")) for each in self.of("Connection")), "")

    def partition(self, account: str) -> str:
        """Return the partition of an account, by the region in which the stack signs in."""
        for each in self.of("pulumi:providers:aws"):
            if each.name == account and "region" in each.values:
                return regions.partition_of(str(each.values["region"])).name
        return "aws"

    def namespace_id(self, path: str) -> str:
        """Return the id of a namespace; empty where only an update will know it."""
        if path == identity.ROOT_NAMESPACE:
            return identity.ROOT_NAMESPACE_ID
        made = {
            str(each.values.get("pathFq")).rstrip("/"): each
            for each in self.of("vault:index/namespace:Namespace")
        }
        if path in made and "namespaceId" in made[path].values:
            return str(made[path].values["namespaceId"])
        for each in self.of("vaultwif:vault:Issuer"):
            if each.name == path and "namespace_id" in each.values:
                return str(each.values["namespace_id"])
        return ""

    def issuer(self, path: str) -> str:
        """Return the issuer of a namespace."""
        for each in self.of("IssuerCheck"):
            if each.name == f"{path or 'root'}-check" and "issuer" in each.values:
                return identity.issuer(str(each.values["issuer"]), path)
        return identity.issuer(self.address, path)


def namespace(resource: Resource) -> str:
    """Return the namespace of a resource of Vault, by the name of its provider."""
    return "" if resource.provider == "root" else resource.provider


def in_namespace(path: str) -> str:
    """Return where a node of Vault is, for people."""
    return f"namespace {path or 'root'}"


def in_account(account: str) -> str:
    """Return where a node of AWS is, for people."""
    return f"account {account}"


def read_document(value: object) -> Any:  # noqa: ANN401 - JSON of others
    """Return a policy, the external ids in it hidden; ``None`` where only an update knows it."""
    if not isinstance(value, str) or not value or UNKNOWN in value:
        return None
    try:
        document = json.loads(value)
    except ValueError:
        return None
    return _without_external_ids(document)


def external_id(value: object) -> str:
    """Return the external id that a trust asks for; empty if it asks for none."""
    try:
        found = json.loads(value) if isinstance(value, str) else {}
    except ValueError:
        return ""
    for statement in found.get("Statement", []) if isinstance(found, dict) else []:
        for keys in (statement.get("Condition") or {}).values():
            if "sts:ExternalId" in keys:
                return str(keys["sts:ExternalId"])
    return ""


def _without_external_ids(value: Any) -> Any:  # noqa: ANN401 - JSON of others
    if isinstance(value, dict):
        return {
            key: HIDDEN if key.lower() == "sts:externalid" else _without_external_ids(inner)
            for key, inner in value.items()
        }
    return [_without_external_ids(each) for each in value] if isinstance(value, list) else value

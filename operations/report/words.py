"""How the report names people, ways and rights, alike in every form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.report.graph import Kind

if TYPE_CHECKING:
    from operations.report.graph import Becoming, Node


def named(node: Node) -> str:
    """Return a node's name with what tells it from its namesakes."""
    if node.kind is Kind.WHO:
        what = ", ".join(node.says)
        return f"{what} {node.label}, {node.place}".removesuffix(", ") if what else node.label
    return node.label


def who(line: Becoming) -> str:
    """Return who becomes somebody."""
    if line.who.kind is Kind.VAULT_POLICY:
        return f"nobody of this stack; whoever holds the Vault policy {line.who.label}"
    if line.who.kind is Kind.VAULT_ROLE:
        return "nobody of this stack; no policy of it reads this Vault role"
    if line.who.kind is Kind.MOUNT:
        return f"Vault itself at {line.who.label}, {line.who.place}; no Vault role hands it out"
    return named(line.who)


def way(line: Becoming) -> str:
    """Return by what: the login, and the Vault role that is read."""
    logins = [node for node in line.way if node.kind in (Kind.LOGIN, Kind.VAULT_ROLE)]
    if not logins:
        return "AWS alone" if line.who.kind is Kind.WHO else "its tokens"
    return " → ".join(node.label for node in logins) + f", {logins[-1].place}"


def rights(line: Becoming) -> list[str]:
    """Return what may then be done, a sentence each."""
    return [said for right in line.rights for said in (right.says or (right.label,))]

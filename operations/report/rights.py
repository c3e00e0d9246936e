"""What somebody may do at AWS, as nodes of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.grants import grants
from operations.report.graph import Kind, Node
from operations.report.pool import in_account

if TYPE_CHECKING:
    from collections.abc import Iterable

    from federation.grants import Grant
    from operations.report.pool import Pool


def add_rights(
    pool: Pool,
    owner: str,
    name: str,
    document: Any,  # noqa: ANN401 - JSON of others
    account: str,
) -> str:
    """Add an inline policy, as what its owner may do; return its id."""
    id_ = pool.add(
        Node(
            id=f"{owner} policy {name}",
            kind=Kind.RIGHTS,
            label=name,
            place=in_account(account),
            says=summed_up(grants([document])) if document else (),
            document=document,
            remarks=() if document else ("what it grants is known only once it is written",),
        )
    )
    pool.link(owner, id_, "may")
    return id_


def add_managed(pool: Pool, owner: str, arn: str, says: str = "may") -> str:
    """Add a managed policy, whose text somebody else keeps; return its id."""
    id_ = pool.add(
        Node(
            id=arn,
            kind=Kind.RIGHTS,
            label=arn.rpartition("/")[2] if ":policy/" in arn else arn,
            says=("kept elsewhere",),
            facts={"ARN": arn},
            remarks=("what it grants is kept elsewhere, and not known here",),
        )
    )
    pool.link(owner, id_, says)
    return id_


def summed_up(held: Iterable[Grant]) -> tuple[str, ...]:
    """Return what is granted, a line for each resource, its actions together."""
    lines: dict[tuple[bool, str, str], list[str]] = {}
    for grant in held:
        actions = lines.setdefault((grant.denies, grant.resource, grant.condition), [])
        actions.append(grant.action)
    return tuple(
        f"{'never ' if denies else ''}{', '.join(dict.fromkeys(actions))} on {resource}"
        + (f" if {condition}" if condition else "")
        for (denies, resource, condition), actions in lines.items()
    )

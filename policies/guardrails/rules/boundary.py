"""Roles and users have a permissions boundary where the stack asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.documents import makes_users
from policies.guardrails.rules.rule import ENGINE_ROLE, ROLE, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.guardrails.rules.rule import Resource, Settings

_INPUT: Final = {ROLE: "permissionsBoundary", ENGINE_ROLE: "permissionsBoundaryArn"}


def _judge(resource: Resource, settings: Settings) -> Iterator[str]:
    name = _INPUT.get(resource.type)
    if name is None or not (settings["required"] or settings["allowed"]):
        return
    # A session of a target role has the boundary of that role.
    if resource.type == ENGINE_ROLE and not makes_users(resource):
        return
    if not resource.has(name) or not resource.props[name]:
        yield f"has no {name}"
    elif settings["allowed"] and resource.props[name] not in settings["allowed"]:
        yield f"has {name} {resource.props[name]}, which is none of {settings['allowed']}"


RULE: Final = Rule(
    name="boundary",
    promise="Where a boundary is asked for, every role and every user that Vault makes has it.",
    remedy="Set boundary for the account (accounts.<name>.boundary) or for the Vault role",
    judge=_judge,
    settings={
        "required": {
            "type": "boolean",
            "default": False,
            "description": "Whether every role and user needs a permissions boundary.",
        },
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "ARNs of the boundaries that count; naming one asks for it.",
        },
    },
)

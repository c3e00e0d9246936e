"""Mounts whose accessors AWS trusts stay where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.rule import AUTH_MOUNT, ENGINE, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policies.guardrails.rules.rule import Resource, Settings


def _judge(resource: Resource, settings: Settings) -> Iterator[str]:
    if not _is_trusted(resource):
        return
    if not _stays(resource):
        yield "may be moved (disableRemount), which leaves its leases under a path that is gone"
    # The engine lets one update both unprotect and replace: only a protection that cannot be taken
    # away beside the change that replaces stops the change.
    if settings["required"] and not resource.protect:
        yield "is not protected, so a change that replaces it ends every lease and AWS's trust"


def _is_trusted(resource: Resource) -> bool:
    if resource.type == AUTH_MOUNT:
        return not resource.has("type") or resource.props["type"] == "aws"
    return resource.type == ENGINE


def _stays(resource: Resource) -> bool:
    return resource.has("disableRemount") and bool(resource.props["disableRemount"])


def _mend(resource: Resource, _settings: Settings) -> Mapping[str, bool]:
    return {"disableRemount": True} if _is_trusted(resource) and not _stays(resource) else {}


RULE: Final = Rule(
    name="protected-mounts",
    promise="A mount that AWS trusts is not moved and, where asked for, not replaced.",
    remedy="Set vault.protect; to replace the mount after all, turn the rule off for that update",
    judge=_judge,
    mend=_mend,
    settings={
        "required": {
            "type": "boolean",
            "default": False,
            "description": "Whether every mount that AWS trusts must be protected.",
        },
    },
)

"""Whatever is made at AWS and in Vault is made by a provider that says where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.guardrails.rules.rule import Resource, Settings


def _judge(resource: Resource, _settings: Settings) -> Iterator[str]:
    if resource.type == "pulumi:providers:aws" and not resource.has("allowedAccountIds"):
        yield "has no allowedAccountIds, so whoever is signed in decides which account it is"
    if resource.type.startswith(("aws:", "vault:")):
        if resource.provider is None:
            yield "names no provider"
        # The engine's name for one that nobody declared.
        elif resource.provider == "default" or resource.provider.startswith("default_"):
            yield f"is made by {resource.provider}, which the shell configures"


RULE: Final = Rule(
    name="explicit-provider",
    promise="Every resource of AWS and Vault names its provider, and that its account.",
    remedy="Pass the provider of the account or namespace in the resource's options",
    judge=_judge,
)

"""Who may log in is named, and stays who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.rule import AUTH_ROLE, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policies.guardrails.rules.rule import Resource, Settings


def _judge(resource: Resource, _settings: Settings) -> Iterator[str]:
    if resource.type != AUTH_ROLE:
        return
    if not _resolved(resource):
        yield "has resolveAwsUniqueIds false, so who is made anew under a bound name gets in"
    bound = resource.list("boundIamPrincipalArns")
    if not bound and not resource.has("boundIamPrincipalArns"):
        yield "binds no principal"
    for arn in bound:
        if "*" in arn:
            yield f"binds {arn!r}: whoever can make a principal of such a name gets in"


def _resolved(resource: Resource) -> bool:
    return not resource.has("resolveAwsUniqueIds") or bool(resource.props["resolveAwsUniqueIds"])


def _mend(resource: Resource, _settings: Settings) -> Mapping[str, bool]:
    if resource.type != AUTH_ROLE or _resolved(resource):
        return {}
    return {"resolveAwsUniqueIds": True}


RULE: Final = Rule(
    name="named-principals",
    promise="A login binds whole ARNs of principals, by their unique ids.",
    remedy="Name each principal in boundPrincipals; where a pattern is meant, except the Vault "
    "role in the pack's configuration",
    judge=_judge,
    mend=_mend,
)

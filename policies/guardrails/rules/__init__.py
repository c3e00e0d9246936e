"""Every guardrail."""

from typing import Final

from policies.guardrails.rules import (
    boundary,
    ceilings,
    escalation,
    everything,
    issuer,
    keys,
    mounts,
    principals,
    providers,
    thumbprint,
    trust,
)
from policies.guardrails.rules.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    keys.RULE,
    trust.RULE,
    escalation.RULE,
    everything.RULE,
    boundary.RULE,
    ceilings.RULE,
    issuer.RULE,
    thumbprint.RULE,
    principals.RULE,
    providers.RULE,
    mounts.RULE,
)
"""In the order in which they judge a resource."""

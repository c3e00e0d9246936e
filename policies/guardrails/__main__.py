"""The policy pack of guardrails, as the engine starts it. It serves until the engine ends it."""

import sys
from pathlib import Path

from pulumi_policy import EnforcementLevel, PolicyPack

# The engine may start it from any folder; its modules are named from the project's.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policies.guardrails.pack import policies

PolicyPack("guardrails", policies(), enforcement_level=EnforcementLevel.MANDATORY)

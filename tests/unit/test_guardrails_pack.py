"""The pack as a whole: what it is configured with, what it mends, and how it is told of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from policies.guardrails.rules import RULES
from policies.guardrails.rules.rule import AUTH_ROLE, ENGINE, ROLE
from tests.judged import UNKNOWN, Pack, resource
from tests.unit.guarded import ACCOUNT, SOUND

PACK = Path(__file__).resolve().parents[2] / "policies/guardrails"
LONG = {"maxSessionDuration": 7200}


def _ceilings(**said: object) -> Pack:
    return Pack({"ceilings": said})


def test_every_rule_is_mandatory_and_says_what_to_do() -> None:
    info = Pack().info
    assert [each.name for each in info.policies] == [rule.name for rule in RULES]
    for each in info.policies:
        assert each.enforcementLevel == 1, "mandatory"
        assert each.description
        assert each.remediation_steps
        assert "except" in each.configSchema.properties


def test_the_engine_finds_the_pack_as_a_folder_and_as_a_file() -> None:
    said = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text("utf-8"))
    assert said["runtime"]["name"] == "python"
    assert (PACK / said["runtime"]["options"]["virtualenv"] / "bin/python").exists()
    assert (PACK / "guardrails").stat().st_mode & 0o111 == 0o111


def test_a_ceiling_can_be_raised_and_lowered() -> None:
    role = resource(ROLE, LONG)
    assert [told.rule for told in Pack().judge(role)] == ["ceilings"]
    assert _ceilings(sessionSeconds=7200).judge(role) == []
    assert _ceilings(sessionSeconds=3600, leaseSeconds=60).judge(role)


def test_a_resource_can_be_excepted_from_one_rule_and_no_other() -> None:
    role = resource(ROLE, LONG, name="long", provider="")
    told = Pack({"ceilings": {"except": ["long"]}}).judge(role)
    assert [each.rule for each in told] == ["explicit-provider"]
    told = Pack({"ceilings": {"except": ["other"]}}).judge(role)
    assert [each.rule for each in told] == ["ceilings", "explicit-provider"]


def test_a_boundary_that_is_named_is_asked_for() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    pack = Pack({"boundary": {"allowed": [arn]}})
    assert pack.judge(resource(ROLE, {"permissionsBoundary": arn})) == []
    (told,) = pack.judge(resource(ROLE, {"permissionsBoundary": f"{arn}-other"}))
    assert "none of" in told.message
    assert Pack().judge(resource(ROLE, {})) == []


def test_a_rule_can_be_turned_off() -> None:
    assert _ceilings(enforcementLevel="disabled").judge(resource(ROLE, LONG)) == []


MENDED = [
    ("ceilings", ROLE, LONG, {"maxSessionDuration": 3600}),
    ("ceilings", ENGINE, {"description": UNKNOWN}, {"maxLeaseTtlSeconds": 86400}),
    ("protected-mounts", ENGINE, {"path": "aws"}, {"disableRemount": True}),
    (
        "named-principals",
        AUTH_ROLE,
        SOUND["named-principals"][1] | {"resolveAwsUniqueIds": False},
        {"resolveAwsUniqueIds": True},
    ),
]


def test_every_rule_that_mends_is_tested() -> None:
    assert {rule.name for rule in RULES if rule.mend} == {rule for rule, *_ in MENDED}


@pytest.mark.parametrize(("rule", "kind", "inputs", "changes"), MENDED)
def test_what_can_be_mended_is_where_the_stack_asks_for_it(
    rule: str, kind: str, inputs: dict[str, Any], changes: dict[str, Any]
) -> None:
    subject = resource(kind, inputs)
    assert Pack().mend(subject) == {}, "mandatory: nothing is changed behind anybody's back"
    mending = Pack({rule: {"enforcementLevel": "remediate"}})
    assert mending.mend(subject) == {rule: inputs | changes}
    whole = resource(kind, inputs | changes)
    assert mending.mend(whole) == {}
    assert rule not in [told.rule for told in Pack().judge(whole)]
    excepted = Pack({rule: {"enforcementLevel": "remediate", "except": ["subject"]}})
    assert excepted.mend(subject) == {}


def test_the_configuration_for_production_is_one_that_the_pack_takes() -> None:
    configured = json.loads((PACK / "production.json").read_text("utf-8"))
    rules = {rule.name: rule for rule in RULES}
    for name, said in configured.items():
        assert set(said) <= set(rules[name].settings)
        jsonschema.validate(said, {"properties": rules[name].settings})
    mount = {"disableRemount": True, "maxLeaseTtlSeconds": 60, "roleArn": "arn:…"}
    engine = resource(ENGINE, mount | {"identityTokenAudience": "vault-aws"})
    assert Pack().judge(engine) == []
    assert [told.rule for told in Pack(configured).judge(engine)] == ["protected-mounts"]


def test_what_the_rules_are_called_is_in_the_documentation() -> None:
    readme = (PACK.parent / "README.md").read_text("utf-8")
    for rule in RULES:
        assert f"`{rule.name}`" in readme
        for setting in rule.settings:
            assert f"`{setting}`" in readme, f"{rule.name}: {setting}"

"""The threat model against the tests that it names, and the dangers that no other test brings."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING

import pytest

from federation.trust import explain, others_let_in
from tests.committed import committed
from tests.documented import ROOT, missing, rows
from tests.program.conftest import refused

if TYPE_CHECKING:
    from tests.program.conftest import Engine

PAGE = (ROOT / "docs/threat-model.md").read_text("utf-8")
INTRODUCTION, *SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
DANGERS = {section.partition("\n")[0]: rows(section) for section in SECTIONS}
STAGES = {
    stage for when, _ in rows(INTRODUCTION) for stage in re.split(r", ", when.removesuffix("."))
}
ISSUER = "https://vault.lab.test/v1/identity/oidc/plugins"
MOUNTS = {
    "aws-workload": ("vault-aws-secrets", "plugin-identity:root:secret:aws_0a1b2c3d"),
    "auth/aws-workload": ("vault-aws-auth", "plugin-identity:root:auth:auth_aws_0a1b2c3d"),
}
"""Roles of the dev stack's mounts, each with audience and subject of its tokens."""


def test_no_danger_is_left_out() -> None:
    """As many as the design of the program names: one that is new has a section of its own."""
    assert len(DANGERS) == 11
    assert {"preview", "up", "destroy", "doctor", "prove", "sweep"} <= STAGES


@pytest.mark.parametrize("danger", DANGERS)
def test_a_danger_is_stopped_somewhere_and_tests_show_where(danger: str) -> None:
    found = DANGERS[danger]
    assert found, f"{danger} is stopped nowhere"
    for when, by, tests in found:
        assert when in STAGES, f"{danger}: {when!r} is none of {sorted(STAGES)}"
        assert by
        assert missing(tests) == []


def test_a_test_that_does_not_exist_is_found() -> None:
    here = "tests/program/test_threat_model.py"
    assert missing(f"`{here}::test_no_danger_is_left_out`") == []
    assert missing(f"`{here}::test_of_nothing`, `tests/nowhere.py::test_it`") != []
    refusals = "tests/unit/test_refusals.py::test_what_contradicts_the_clouds_is_refused"
    assert missing(f"`{refusals}[Community edition]`") == []
    assert missing(f"`{refusals}[no such case]`") != []


def _trust(program: Engine, role: str) -> dict[str, object]:
    (found,) = [each for each in program.registered() if each.name == role]
    document: dict[str, object] = json.loads(found.inputs["assumeRolePolicy"])
    return document


def test_each_mount_of_a_stack_file_is_let_in_by_its_own_role_alone(program: Engine) -> None:
    """Not even a mount that was given the other's audience gets the other's role."""
    provider = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER.removeprefix('https://')}"
    for role, (audience, subject) in MOUNTS.items():
        document = _trust(program, role)
        assert explain(document, ISSUER, {"iss": ISSUER, "aud": audience, "sub": subject}) == []
        assert others_let_in(document, provider, subject) == []
    for mine, other in itertools.permutations(MOUNTS, 2):
        claims = {"iss": ISSUER, "aud": MOUNTS[mine][0], "sub": MOUNTS[other][1]}
        (failing,) = explain(_trust(program, mine), ISSUER, claims)
        assert f"{ISSUER.removeprefix('https://')}:sub" in failing


def test_two_mounts_of_one_audience_register_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config = committed()
    second = {"account": "main", "audience": "vault-aws-secrets"}
    engines = config["vault-aws-federation:secretsEngines"] | {"second": second}
    message = refused({**config, "vault-aws-federation:secretsEngines": engines}, monkeypatch)
    assert '"vault-aws-secrets" is already the audience of aws' in message

"""The guardrails in the real engine: what is sound passes, what is dangerous stops the update."""

from __future__ import annotations

import json
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from policies.guardrails.rules.thumbprint import presented
from tests.lab.stacks import Stack, beside, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.conftest import Laboratory

ROOT = Path(__file__).resolve().parents[3]
HOST = "vault.lab.test"
PACK = ("--policy-pack", "policies/guardrails/guardrails")
ESCALATING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}],
}


@pytest.fixture
def stack(deployed: Laboratory, tmp_path: Path) -> Iterator[Stack]:
    """A stack of which nothing is deployed, beside the dev stack."""
    made = Stack(deployed, tmp_path / "stack", "guarded", ROOT)
    made.create(_settings("policies/aws/get-own-user.json"))
    yield made
    made.pulumi("stack", "rm", "--yes", "--preserve-config")


def test_a_sound_stack_passes_and_what_is_not_known_yet_is_said(stack: Stack) -> None:
    shown = stack.pulumi("preview", *PACK).stdout
    assert "guardrails" in shown, "the pack ran"
    assert "[mandatory]" not in shown
    assert "can't run policy 'bound-trust'" in shown, "the accessor is not known yet"


def test_a_dangerous_stack_is_stopped_by_mandatory_violations(stack: Stack) -> None:
    (stack.folder / "policies/aws/escalating.json").write_text(json.dumps(ESCALATING), "utf-8")
    stack.configure(_dangerous())
    stopped = stack.pulumi("preview", *PACK, check=False)
    assert stopped.returncode != 0
    told = " ".join(f"{stopped.stdout} {stopped.stderr}".split())
    for rule, says in (
        ("no-escalation", "has policyDocument that allows iam:PutUserPolicy"),
        ("no-everything", "allows iam:PutUserPolicy on everything"),
        ("ceilings", "maxLeaseTtlSeconds 604800 s"),
        ("named-principals", "binds 'arn:aws:iam::123456789012:role/app-*'"),
    ):
        assert f"[mandatory] {rule} " in told, told
        assert says in told, told


def _settings(policy: str, **more: object) -> dict[str, Any]:
    role = {"credentialType": "iam_user", "policy": policy}
    engine = {"account": "main", "audience": "vault-guarded", "roles": {"my-role": role}, **more}
    return beside(settings(guarded=engine))


def _dangerous() -> dict[str, Any]:
    login = {"boundPrincipals": ["arn:aws:iam::123456789012:role/app-*"], "existingPolicies": ["a"]}
    method = {"account": "main", "audience": "vault-guarded-auth", "wildcardPrincipals": True}
    return {
        **_settings("policies/aws/escalating.json", maxTtlSeconds=604_800),
        "authMethods": {"guarded": {**method, "roles": {"app": login}}},
    }


def test_the_pack_finds_the_certificate_that_the_host_itself_shows(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, laboratory.environment[name])
    trusted = laboratory.environment["SSL_CERT_FILE"]
    with requests.get(
        f"https://{HOST}/v1/sys/health", verify=trusted, stream=True, timeout=30
    ) as answer:
        shown = answer.raw.connection.sock.getpeercert(binary_form=True)
    assert presented(HOST) == sha1(shown, usedforsecurity=False).hexdigest()
    assert presented("nobody.lab.test") is None

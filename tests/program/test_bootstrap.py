"""The project that lets workflows in: to whom each role opens, and what nobody there may do."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
import yaml

from tests.committed import ROOT
from tests.program.conftest import run_program

if TYPE_CHECKING:
    from tests.program.conftest import Registered

PROJECT = "vault-aws-bootstrap"
GIVEN = {
    "repository": "owner/name",
    "account": "123456789012",
    "region": "us-east-1",
    "vault": "https://vault.example.com",
    "stateBucket": "example-pulumi-state",
    "secretsKey": "arn:aws:kms:us-east-1:123456789012:key/1",
}
HOST = "token.actions.githubusercontent.com"


def _made(**given: str) -> dict[str, Registered]:
    """Return what is registered by type and name, with the defaults of its ``Pulumi.yaml``."""
    declared = yaml.safe_load((ROOT / "bootstrap/Pulumi.yaml").read_text("utf-8"))["config"]
    defaults = {key: said["default"] for key, said in declared.items() if "default" in said}
    values = {f"{PROJECT}:{key}": value for key, value in {**defaults, **GIVEN, **given}.items()}
    engine = run_program(values, stack="main", file="bootstrap/keyless.py", project=PROJECT)
    return {f"{each.type.rpartition(':')[2]} {each.name}": each for each in engine.registered()}


@pytest.fixture(scope="module")
def made() -> dict[str, Registered]:
    return _made()


@pytest.mark.parametrize(("duty", "environment"), [("preview", "preview"), ("apply", "production")])
def test_each_role_opens_to_one_environment_of_one_repository(
    made: dict[str, Registered], duty: str, environment: str
) -> None:
    role = made[f"Role {duty}"].inputs
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    arn = f"arn:aws:iam::123456789012:oidc-provider/{HOST}"
    claims = f"repo:owner/name:environment:{environment}"
    assert statement["Principal"] == {"Federated": arn}
    assert statement["Condition"] == {
        "StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": claims}
    }
    login = made[f"AuthBackendRole {duty}"].inputs
    branch = {"ref": "refs/heads/main"} if duty == "apply" else {}
    assert login["boundClaims"] == {"sub": claims, "repository": "owner/name", **branch}
    assert login["boundClaimsType"] == "string"
    assert login["boundAudiences"] == ["https://vault.example.com"]
    assert login["tokenPolicies"] == [f"github-main-{duty}"]
    assert role["maxSessionDuration"] == login["tokenMaxTtl"] == 3600


@pytest.mark.parametrize("name", ["owner", "owner/", "owner/na*me", "owner/name/more", "o/n:x"])
def test_what_is_no_name_of_a_repository_is_refused(name: str) -> None:
    with pytest.raises(pulumi.RunError, match="repository is owner/name"):
        _made(repository=name)


def test_an_identity_provider_that_is_there_is_used_and_not_made() -> None:
    made = _made(identityProvider="existing", boundary="arn:aws:iam::123456789012:policy/limit")
    assert not [name for name in made if name.startswith("OpenIdConnectProvider")]
    role = made["Role apply"].inputs
    assert f"oidc-provider/{HOST}" in role["assumeRolePolicy"]
    assert role["permissionsBoundary"].endswith(":policy/limit")


def _allowed(made: dict[str, Registered], duty: str) -> list[tuple[str, str]]:
    """Return each action on each resource that a duty's inline policies allow."""
    found = []
    for name in ("stacks", "states"):
        document: Any = json.loads(made[f"RolePolicy {duty}-{name}"].inputs["policy"])
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in _listed(statement["Action"]):
                found += [(action, resource) for resource in _listed(statement["Resource"])]
    return found


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_who_previews_only_reads(made: dict[str, Registered]) -> None:
    actions = {action for action, _ in _allowed(made, "preview")}
    assert "s3:GetObject" in actions
    reads = re.compile(r"(iam|s3):(Get|List)[A-Za-z]+|kms:Decrypt")
    assert [action for action in actions if not reads.fullmatch(action)] == []


def test_who_applies_does_not_reach_its_own_way_in(made: dict[str, Registered]) -> None:
    """Else an approved update could open it to somebody else, or a destroy close it."""
    role = "arn:aws:iam::123456789012:role/github-main-apply"
    provider = f"arn:aws:iam::123456789012:oidc-provider/{HOST}"
    reached = [
        action
        for action, resource in _allowed(made, "apply")
        if fnmatchcase(role, resource) or fnmatchcase(provider, resource)
    ]
    assert sorted(reached) == ["iam:ListOpenIDConnectProviders", "iam:ListUsers"]
    paths = _capabilities((ROOT / "policies/vault/deploy.hcl").read_text("utf-8"))
    own = ("auth/github/", "sys/auth/github", "sys/mounts/auth/github", "sys/policies/acl/github-")
    assert [path for path in paths for each in own if _meet(path, each)] == []


def _meet(path: str, own: str) -> bool:
    return path.startswith(own) or (path.endswith("*") and own.startswith(path[:-1]))


def _capabilities(text: str) -> dict[str, set[str]]:
    blocks = re.findall(r'^path "([^"]+)" \{\n  capabilities = \[([^]]*)\]\n\}', text, re.MULTILINE)
    return {path: set(re.findall(r"\w+", held)) for path, held in blocks}


ASKED_BY_A_POST = {"sys/capabilities-self", "sys/leases/lookup"}
"""What Vault reads and yet counts as an update."""


def test_the_policies_of_who_previews_are_the_reading_part_of_who_applies() -> None:
    """Whoever adds a path to one must think of the other: a preview would miss it."""
    deploy = _capabilities((ROOT / "policies/vault/deploy.hcl").read_text("utf-8"))
    preview = _capabilities((ROOT / "policies/vault/preview.hcl").read_text("utf-8"))
    reading = {path: held & {"read", "list"} for path, held in deploy.items()}
    wanted = {path for path, held in reading.items() if held} | ASKED_BY_A_POST
    assert set(preview) == wanted
    for path, held in preview.items():
        if path not in ASKED_BY_A_POST:
            assert held <= {"read", "list", "sudo"}
            assert held >= reading[path]

    def actions(name: str) -> set[str]:
        document = json.loads((ROOT / f"policies/aws/{name}.json").read_text("utf-8"))
        return {each for said in document["Statement"] for each in _listed(said["Action"])}

    both = actions("deploy") | actions("sweep")
    assert actions("preview") == {each for each in both if each.startswith(("iam:Get", "iam:List"))}

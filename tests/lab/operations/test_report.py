"""The report of a stack that the real engine deployed, and of its real preview."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from tests.lab.conftest import Laboratory

ROOT = Path(__file__).resolve().parents[3]
BECOMES = {
    ("engineering", "vault-target-dev-deploy"),
    ("role/app", "vault-*-my-role-*"),
}


def _report(deployed: Laboratory, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(deployed.run("vaultaws", "report", *arguments, "--json").stdout)


def test_a_deployed_stack_is_reported_without_its_clouds(deployed: Laboratory) -> None:
    """Its state alone is read: neither Vault's address nor a token is of use to it."""
    nowhere = {"VAULT_ADDR": "https://127.0.0.1:1", "VAULT_TOKEN": "", "HTTPS_PROXY": ""}
    answer = deployed.run("vaultaws", "report", "--stack", "dev", "--json", env=nowhere)
    found = json.loads(answer.stdout)
    nodes = {node["id"]: node for node in found["nodes"]}
    becomes = {
        (nodes[route["nodes"][0]]["label"], node["label"])
        for route in found["routes"]
        for node in map(nodes.get, route["nodes"])
        if node and node["kind"] == "identity" and not route["broken"]
    }
    assert becomes == BECOMES
    assert not [edge for edge in found["edges"] if edge["broken"]]
    assert not [node for node in nodes.values() if node["remarks"]]


def test_a_state_with_secrets_in_the_clear_shows_none(deployed: Laboratory, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    deployed.pulumi("stack", "export", "--show-secrets", "--file", str(state))
    (client,) = json.loads(deployed.home.people.read_text("utf-8"))["clients"]
    assert client["secret"] in state.read_text("utf-8")
    for form in ("tree", "html", "json"):
        answer = deployed.run("vaultaws", "report", "--state", str(state), "--format", form)
        assert "engineering" in answer.stdout
        assert client["secret"] not in answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def changed(deployed: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preview of the dev stack with one more group, and another policy of its target role."""
    folder = tmp_path_factory.mktemp("changed")
    for entry in ROOT.iterdir():
        if entry.name not in ("Pulumi.yaml", "Pulumi.dev.yaml", "policies", ".git", ".lab"):
            (folder / entry.name).symlink_to(entry)
    shutil.copy2(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "policies", folder / "policies")
    settings = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text("utf-8"))
    config = settings["config"]
    people = config["vault-aws-federation:humanLogins"]["people"]
    people["groups"]["platform"] = {"awsRoles": ["aws/my-role"]}
    target = config["vault-aws-federation:targetRoles"]["deploy"]
    target["policy"] = "policies/aws/read-reports.json"
    (folder / "Pulumi.dev.yaml").write_text(json.dumps(settings), "utf-8")
    answer = deployed.run(
        *("pulumi", "preview", "--json", "--stack", "dev", "--cwd", str(folder)),
        "--non-interactive",
    )
    preview = folder / "preview.json"
    preview.write_text(answer.stdout, "utf-8")
    return preview


def test_the_engines_own_preview_tells_who_gains_what(deployed: Laboratory, changed: Path) -> None:
    found = _report(deployed, "--diff", str(changed))
    gained = [f"{each['who']} {each['verb']} {each['what']}" for each in found["new_rights"]]
    deploy = "vault-target-dev-deploy (session of a role, account 123456789012)"
    users = "vault-*-my-role-* (a new IAM user, account 123456789012)"
    assert gained == [
        f"people of the group platform, namespace root can become {users}",
        f"{deploy} may iam:GetUser on arn:aws:iam::*:user/vault/*/${{aws:username}}",
        f"{deploy} may s3:ListBucket on arn:aws:s3:::laboratory-main",
        f"{deploy} may s3:GetObject on arn:aws:s3:::laboratory-main/reports/*",
    ]
    assert [each["what"] for each in found["lost_rights"]] == ["iam:ListRoles, iam:ListUsers on *"]
    assert (found["made_anew"], found["notes"]) == ([], [])


def test_a_pipeline_can_stop_at_new_rights(deployed: Laboratory, changed: Path) -> None:
    command = ("vaultaws", "report", "--diff", str(changed))
    assert "#### New rights" in deployed.run(*command).stdout
    assert deployed.run(*command, "--fail-on-new-rights", check=False).returncode == 1

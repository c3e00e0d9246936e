"""A stack from its pull request to its end, by the scripts that the workflows run."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.hub import Hub, serving
from tests.lab.conftest import ROOT
from tests.lab.stacks import Stack, administrator, beside, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings

STACK, PULL, REPOSITORY = "try-pulls", "7", "owner/name"
TOKEN = "ghs_" + "false" * 8


def _declared(policy: str = "policies/aws/get-own-user.json") -> Settings:
    """Return a stack that uses what the dev stack owns."""
    role = {"credentialType": "iam_user", "policy": policy}
    engine = {"account": "main", "audience": "vault-pulls", "roles": {"read": role}}
    return beside(settings(pulls=engine))


class Forge:
    """A repository with its pull requests, and the machine that runs its jobs."""

    def __init__(self, laboratory: Laboratory, folder: Path, address: str, hub: Hub) -> None:
        self.stack = Stack(laboratory, folder, STACK, ROOT)
        self.hub = hub
        self._address = address
        self._git("init", "--quiet", "--initial-branch", "main")
        self._git("add", "Pulumi.yaml", "policies")
        self._git("commit", "--quiet", "-m", "first")

    def push(self, values: Settings) -> list[str]:
        """Commit the stack's settings and return which stacks that may change."""
        self.stack.configure(values)
        self._git("add", f"Pulumi.{STACK}.yaml")
        self._git("commit", "--quiet", "-m", "change")
        said = self.run("vaultaws", "review", "changed", "--since", "HEAD~1", "--json").stdout
        found: list[str] = json.loads(said)["stacks"]
        return found

    def comment(self) -> str:
        """Preview as a job does, and return the comment of the pull request."""
        self.run("ci/preview.sh", STACK, "review")
        previews = self.stack.folder / "review/previews"
        command = ("vaultaws", "review", "comment", str(previews / f"{STACK}.json"))
        self.run(*command, "--pull", PULL)
        (comment,) = self.hub.comments
        return str(comment["body"])

    def watch(self, what: str) -> int:
        """Watch as the schedule does, and return the exit code."""
        return self.run(
            "vaultaws", "watch", what, "--stack", STACK, "--issue", check=False
        ).returncode

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a step of a job."""
        given = {
            "GITHUB_API_URL": self._address,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
        }
        finished = subprocess.run(
            command,
            cwd=self.stack.folder,
            env={**self.stack.laboratory.environment, **given},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and finished.returncode != 0:
            pytest.fail(f"{command}: {finished.stdout[-6000:]}\n{finished.stderr[-6000:]}")
        assert TOKEN not in finished.stdout + finished.stderr
        return finished

    def _git(self, *arguments: str) -> None:
        who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
        subprocess.run(["git", *who, *arguments], cwd=self.stack.folder, check=True)


@pytest.fixture(scope="module")
def forge(deployed: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """A repository without the stack, which the first test brings."""
    hub = Hub()
    with serving(hub, REPOSITORY) as address:
        yield Forge(deployed, tmp_path_factory.mktemp("forge") / "clone", address, hub)


def _roles(laboratory: Laboratory) -> Any:  # noqa: ANN401 - JSON of Vault
    return laboratory.vault().read("pulls/roles/read")


def test_a_new_stack_is_reviewed_before_anybody_makes_it(forge: Forge) -> None:
    assert forge.push(_declared()) == [STACK]
    said = forge.comment()
    assert f"| {STACK} | **" in said
    assert "`vault-secret-try--pulls-root-pulls (account 123456789012)` **lets in**" in said
    assert "nobody of this stack becomes it yet" in said
    assert "```diff" in said
    assert _roles(forge.stack.laboratory) is None
    assert STACK not in forge.stack.laboratory.run("pulumi", "stack", "ls", "--json").stdout


def test_a_merge_does_what_was_planned(forge: Forge) -> None:
    forge.run("ci/apply.sh", STACK, "review")
    assert _roles(forge.stack.laboratory)["data"]["user_path"] == "/vault/try--pulls-root-pulls/"
    plan = (forge.stack.folder / f"review/plans/{STACK}.json").read_text("utf-8")
    assert forge.stack.laboratory.environment["VAULT_TOKEN"] not in plan


def test_the_next_change_is_told_in_the_same_comment_and_nothing_else_is_done(
    forge: Forge,
) -> None:
    assert forge.push(_declared("policies/aws/read-reports.json")) == [STACK]
    said = forge.comment()
    assert "**may** `s3:GetObject on arn:aws:s3:::laboratory-main/reports/*`" in said
    assert "1 to update" in said
    assert "```diff" in said
    assert "ListReports" not in json.dumps(_roles(forge.stack.laboratory))
    # What is merged beside it was not planned, and is refused.
    forge.push(_declared("policies/aws/list-roles-and-users.json"))
    refused = forge.run("ci/apply.sh", STACK, "review", check=False)
    assert refused.returncode != 0
    assert "violates plan" in refused.stdout + refused.stderr
    assert "iam:ListRoles" not in json.dumps(_roles(forge.stack.laboratory))


def test_drift_has_an_issue_as_long_as_it_is_there(forge: Forge) -> None:
    assert forge.watch("drift") == 0
    assert not forge.hub.issues
    iam = administrator(forge.stack.laboratory)
    role = "vault-secret-try--pulls-root-pulls"
    trust: Any = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    wide = {**trust, "Statement": [{**trust["Statement"][0], "Condition": {}}]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(wide))
    assert forge.watch("drift") == 1
    (issue,) = forge.hub.issues
    assert (issue["state"], issue["labels"]) == ("open", ["vaultaws"])
    assert "assumeRolePolicy" in issue["body"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    assert forge.watch("drift") == 0
    assert issue["state"] == "closed"


def test_a_stack_that_is_to_stay_is_not_destroyed(forge: Forge) -> None:
    refused = forge.run("ci/destroy.sh", "dev", check=False)
    assert refused.returncode == 1
    assert "only stacks whose names begin with try- are short-lived" in refused.stderr


def test_a_short_lived_stack_ends_with_what_it_issued(forge: Forge) -> None:
    laboratory = forge.stack.laboratory
    laboratory.vault().read("pulls/creds/read")
    iam = administrator(laboratory)
    path = "/vault/try--pulls-root-pulls/"
    assert len(iam.list_users(PathPrefix=path)["Users"]) == 1
    assert forge.watch("users") == 0
    forge.run("ci/destroy.sh", STACK)
    assert iam.list_users(PathPrefix=path)["Users"] == []
    assert "pulls/" not in laboratory.vault().sys.list_mounted_secrets_engines()["data"]
    assert STACK not in laboratory.run("pulumi", "stack", "ls", "--json").stdout

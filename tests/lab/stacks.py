"""Stacks of the program with settings of their own, and what the two clouds hold for them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lab.accounts import region
from tests.committed import SECRET_SECTION, USER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mypy_boto3_iam import IAMClient

    from tests.lab.conftest import Laboratory

# Made with the laboratory's passphrase, like the committed stack's.
_SALT = "v1:G5awxb3BL9w=:v1:phb0cMfFJ97cWEgm:XslY253c76arZ0HxB0PTax/wzDmrkw=="
_OWN = ("Pulumi.yaml", "Pulumi.dev.yaml", "policies", ".git", ".lab")
Settings = dict[str, Any]


def settings(**engines: Settings) -> Settings:
    """Return settings with the given secrets engines; none means the committed dev stack's one."""
    own = {"account": "main", "audience": "vault-aws-secrets", "roles": {"my-role": USER}}
    return {
        "vault": {"address": "https://vault.lab.test"},
        "accounts": {"main": {"id": "123456789012", "region": "us-east-1"}},
        "secretsEngines": engines or {"aws": own},
    }


def beside(values: Settings) -> Settings:
    """Let a stack use the issuer and the identity provider that another one owns."""
    values["vault"]["issuer"] = "existing"
    values["accounts"]["main"]["identityProvider"] = "existing"
    return values


class Stack:
    """One stack, run from a folder that is the checkout but for the stack's settings."""

    def __init__(self, laboratory: Laboratory, folder: Path, name: str, root: Path) -> None:
        self.laboratory = laboratory
        self.folder = folder
        self.name = name
        self._client_secrets: Settings = {}
        folder.mkdir(exist_ok=True)
        for entry in root.iterdir():
            link = folder / entry.name
            if entry.name not in _OWN and not link.exists():
                link.symlink_to(entry)
        # The engine resolves a link to its project file and would run in the checkout itself;
        # policy files must lie inside the project, links resolved.
        shutil.copy2(root / "Pulumi.yaml", folder)
        shutil.copytree(root / "policies", folder / "policies", dirs_exist_ok=True)

    def configure(self, values: Settings) -> None:
        """Write the stack's settings; what was hidden stays, while there is any login."""
        config = {f"vault-aws-federation:{key}": value for key, value in values.items()}
        file = self.folder / f"Pulumi.{self.name}.yaml"
        if "humanLogins" in values and self._client_secrets:
            config = {SECRET_SECTION: self._client_secrets, **config}
        file.write_text(json.dumps({"config": config, "encryptionsalt": _SALT}), "utf-8")

    def create(self, values: Settings) -> None:
        """Configure the stack and make it known to the backend."""
        self.configure(values)
        self.pulumi("stack", "select", "--create")

    def hide_client_secret(self, login: str, secret: str) -> None:
        """Set a client secret as a person does: not on the command line, never in the clear."""
        self.laboratory.run(
            *("pulumi", "config", "set", "--secret", "--path", f"{SECRET_SECTION}.{login}"),
            *("--stack", self.name, "--cwd", str(self.folder), "--non-interactive"),
            stdin=secret,
        )
        file = self.folder / f"Pulumi.{self.name}.yaml"
        self._client_secrets = yaml.safe_load(file.read_text("utf-8"))["config"][SECRET_SECTION]

    def pulumi(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the Pulumi CLI on the stack; unless told otherwise, its failure fails the test."""
        finished = subprocess.run(
            self._command(*arguments),
            cwd=self.folder,
            env={**self.laboratory.environment, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and finished.returncode != 0:
            pytest.fail(
                f"pulumi {' '.join(arguments)} ended with {finished.returncode}\n"
                f"{finished.stdout[-8000:]}\n{finished.stderr[-4000:]}"
            )
        return finished

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the Pulumi CLI on the stack, in a session of its own, without waiting for it."""
        return subprocess.Popen(
            self._command(*arguments),
            cwd=self.folder,
            env=dict(self.laboratory.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def up(self, *flags: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Deploy without asking."""
        return self.pulumi("up", "--yes", "--skip-preview", *flags, check=check)

    def destroy(self, *flags: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Destroy without asking."""
        return self.pulumi("destroy", "--yes", "--skip-preview", *flags, check=check)

    def preview(self) -> dict[str, Any]:
        """Return the engine's own account of what an update would do (``steps`` and all)."""
        digest: dict[str, Any] = json.loads(self.pulumi("preview", "--json", "--diff").stdout)
        return digest

    def changes(self) -> dict[str, str]:
        """Return what an update would do: operation by logical name, unchanged ones left out."""
        return {
            step["urn"].rpartition("::")[2]: step["op"]
            for step in self.preview().get("steps", [])
            if step["op"] not in ("same", "refresh")
        }

    def expect_no_changes(self) -> None:
        """Fail unless the clouds, the state and the settings agree."""
        self.pulumi("preview", "--expect-no-changes")

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs."""
        outputs: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json").stdout)
        return outputs

    def _command(self, *arguments: str) -> list[str]:
        return ["pulumi", *arguments, "--stack", self.name, "--non-interactive"]


def administrator(laboratory: Laboratory, account: str = "main") -> IAMClient:
    """Return an IAM client that is the account's administrator."""
    owner = laboratory.account(account)
    keys = owner["access_key_id"], owner["secret_access_key"]
    iam: IAMClient = laboratory.aws("iam", *keys, region=region(owner["partition"]))
    return iam


def holdings(laboratory: Laboratory, account: str = "main", namespace: str = "") -> dict[str, Any]:
    """Return what one account and one namespace hold beside what fresh ones have.

    Empty means nothing.
    """
    iam, vault = administrator(laboratory, account), laboratory.vault(namespace)
    mounts = vault.sys.list_mounted_secrets_engines()["data"]
    keys = vault.list("identity/oidc/key") or {"data": {"keys": []}}
    groups = vault.list("identity/group/name") or {"data": {"keys": []}}
    found = {
        "users": {user["Arn"] for user in iam.list_users()["Users"]},
        "roles": {
            role["RoleName"]: (
                role["AssumeRolePolicyDocument"],
                {
                    name: iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)[
                        "PolicyDocument"
                    ]
                    for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
                },
            )
            for role in iam.list_roles()["Roles"]
        },
        "providers": {
            arn: sorted(
                iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
            )
            for entry in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
            for arn in [entry["Arn"]]
        },
        "mounts": {
            path: (
                (vault.read(f"{path}config/root") or {"data": None})["data"],
                sorted((vault.list(f"{path}roles") or {"data": {"keys": []}})["data"]["keys"]),
            )
            for path, mount in mounts.items()
            if mount["type"] == "aws"
        },
        "auth": {
            path: (
                (vault.read(f"auth/{path}config/client") or {"data": None})["data"],
                sorted((vault.list(f"auth/{path}roles") or {"data": {"keys": []}})["data"]["keys"]),
            )
            for path, mount in vault.sys.list_auth_methods()["data"].items()
            if mount["type"] == "aws"
        },
        "policies": set(vault.sys.list_policies()["data"]["policies"]) - {"default", "root"},
        "logins": set(vault.sys.list_auth_methods()["data"]) - {"token/"},
        "groups": set(groups["data"]["keys"]),
        "keys": set(keys["data"]["keys"]) - {"default"},
    }
    found["users"] = {arn for arn in found["users"] if not arn.endswith("/bootstrap-administrator")}
    issuer = (vault.read("identity/oidc/config") or {"data": {"issuer": ""}})["data"]["issuer"]
    return {what: held for what, held in {**found, "issuer": issuer}.items() if held}

"""What is measured: this program, Terraform, and a program whose resources are empty."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from benchmarks.report import FLOOR, OURS, PEER
from lab.accounts import plan
from tools import bootstrap, go

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Command = tuple[str, ...]
ROOT: Final = bootstrap.ROOT
_HERE: Final = Path(__file__).resolve().parent
_SALT: Final = "v1:G5awxb3BL9w=:v1:phb0cMfFJ97cWEgm:XslY253c76arZ0HxB0PTax/wzDmrkw=="
"""Of the laboratory's passphrase, as in the committed stack."""
_STACK: Final = ("--stack", "bench", "--non-interactive")
_PULUMI: Final[dict[str, Command]] = {
    "preview": ("pulumi", "preview", *_STACK),
    "up": ("pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", *_STACK),
    "no-op": ("pulumi", "preview", "--expect-no-changes", *_STACK),
    "destroy": ("pulumi", "destroy", "--yes", "--skip-preview", *_STACK),
}
_QUIET: Final = ("-input=false", "-no-color")
_TERRAFORM: Final[dict[str, Command]] = {
    "preview": ("terraform", "plan", *_QUIET),
    "up": ("terraform", "apply", "-auto-approve", *_QUIET),
    "no-op": ("terraform", "plan", "-detailed-exitcode", *_QUIET),
    "destroy": ("terraform", "destroy", "-auto-approve", *_QUIET),
}
_VAULT_VERSION: Final = "5.9.0"
"""The release that the module pinned in lab/plugins is; Terraform wants to be told one."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One way to the federations, ready to be run in its folder."""

    name: str
    federations: int
    folder: Path
    environment: Mapping[str, str]
    phases: Mapping[str, Command]
    before: Command
    export: Command
    """Prints the state."""
    count: Callable[[dict[str, Any]], int]
    """Tells how many resources a state has."""
    after: Command | None = None


def ours(folder: Path, environment: Mapping[str, str], federations: int) -> Subject:
    """Return this program with the given number of engines and of auth methods."""
    folder.mkdir()
    own = ("Pulumi.yaml", "Pulumi.dev.yaml", "policies", ".git", ".lab")
    for entry in ROOT.iterdir():
        if entry.name not in own:
            (folder / entry.name).symlink_to(entry)
    # The engine follows a link to its project file; policy files must lie inside the project.
    shutil.copy2(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "policies", folder / "policies")
    account = plan("main")
    user = {"credentialType": "iam_user", "policy": "policies/aws/get-own-user.json"}
    login = {
        "boundPrincipals": [f"arn:aws:iam::{account.id}:role/app"],
        "existingPolicies": ["readers"],
    }
    keys = [f"{number:03d}" for number in range(federations)]

    def mounts(kind: str, role: dict[str, Any]) -> dict[str, Any]:
        return {
            f"{kind}-{key}": {
                "account": "main",
                "audience": f"bench-{kind}-{key}",
                "roles": {"app": role},
            }
            for key in keys
        }

    settings = {
        "vault": {"address": "https://vault.lab.test"},
        "accounts": {"main": {"id": account.id, "region": "us-east-1"}},
        "secretsEngines": mounts("secrets", user),
        "authMethods": mounts("auth", login),
    }
    config = {f"vault-aws-federation:{name}": value for name, value in settings.items()}
    return _pulumi(OURS, federations, folder, environment, config)


def floor(folder: Path, environment: Mapping[str, str], number: int, resources: int) -> Subject:
    """Return a program of empty resources under the same runtime and options as ours."""
    shutil.copytree(_HERE / "floor", folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))
    same = {name: project[name] for name in ("runtime", "options") if name in project}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "floor", **same}), "utf-8")
    return _pulumi(FLOOR, number, folder, environment, {"floor:resources": str(resources)})


def _pulumi(
    name: str,
    federations: int,
    folder: Path,
    environment: Mapping[str, str],
    config: dict[str, Any],
) -> Subject:
    stack = {"config": config, "encryptionsalt": _SALT}
    (folder / "Pulumi.bench.yaml").write_text(json.dumps(stack), "utf-8")
    return Subject(
        name=name,
        federations=federations,
        folder=folder,
        environment=environment,
        phases=_PULUMI,
        before=("pulumi", "stack", "select", "--create", *_STACK),
        export=("pulumi", "stack", "export", *_STACK),
        count=lambda state: len(state["deployment"]["resources"]),
        after=("pulumi", "stack", "rm", "--yes", *_STACK),
    )


def mirror_of_aws() -> Path | None:
    """Return where Terraform finds hashicorp/aws, if it and Terraform are on this machine."""
    mirror = Path(os.environ.get("AWS_MIRROR", "/opt/tf-plugins"))
    there = shutil.which("terraform") and any(mirror.glob("*/hashicorp/aws/*"))
    return mirror if there else None


def mirror_of_vault(folder: Path) -> Path:
    """Return where Terraform finds hashicorp/vault, built here if it never was.

    Raises:
        StageFailedError: it cannot be built.
    """
    bundle = go.terraform_vault(ROOT)
    name = bundle.programs[0].name
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    place = folder / f"registry.terraform.io/hashicorp/vault/{_VAULT_VERSION}/linux_{machine}"
    place.mkdir(parents=True)
    (place / f"{name}_v{_VAULT_VERSION}").symlink_to(bootstrap.built(bundle) / name)
    return folder


def terraform(
    folder: Path, environment: Mapping[str, str], federations: int, aws: Path, vault: Path
) -> Subject:
    """Return Terraform with the same federations, in an account that ours does not use."""
    shutil.copytree(_HERE / "terraform", folder)
    mirrors = "".join(
        f'  filesystem_mirror {{\n    path = "{path}"\n    include = ["hashicorp/{name}"]\n  }}\n'
        for name, path in (("aws", aws), ("vault", vault))
    )
    (folder / "cli.tfrc").write_text(f"provider_installation {{\n{mirrors}}}\n", "utf-8")
    account = plan("data")
    return Subject(
        name=PEER,
        federations=federations,
        folder=folder,
        environment={
            **environment,
            "AWS_PROFILE": account.name,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "true",
            "TF_CLI_CONFIG_FILE": str(folder / "cli.tfrc"),
            "TF_VAR_account": account.id,
            "TF_VAR_federations": str(federations),
        },
        phases=_TERRAFORM,
        before=("terraform", "init", *_QUIET),
        export=("terraform", "state", "pull"),
        count=lambda state: sum(
            len(resource["instances"])
            for resource in state["resources"]
            if resource["mode"] == "managed"
        ),
    )

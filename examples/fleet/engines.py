"""The fleet for engines that exist: objects of Pulumi's Kubernetes operator, and a CI workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.fleet.stacks import PROJECT
from examples.fleet.table import BASE, TableError

if TYPE_CHECKING:
    from examples.fleet.table import Fleet, Kubernetes

Document = dict[str, Any]

A_DAY = 86_400
"""Seconds between two looks of the operator at what nobody changed."""
MOST_JOBS = 256
"""Jobs that one matrix of a workflow makes at most (GitHub Docs, "Running variations of jobs")."""
AT_ONCE = 4
"""Stacks that a workflow runs at a time: all of them ask the same Vault."""
CLI = "3.259.0"
"""Version of the Pulumi CLI; that of the SDK in requirements/program.txt."""


def operator_objects(fleet: Fleet) -> list[Document]:
    """Return a ``Stack`` of pulumi.com/v1 for every stack, the base stack first.

    The others wait for the base. Deleting an object destroys its stack: the teams' first.

    Raises:
        TableError: The table does not say where the operator finds code and state.
    """
    if fleet.kubernetes is None or fleet.backend is None:
        raise TableError(
            "kubernetes and backend must be in the table to make the operator's objects"
        )
    teams = [_object(fleet, fleet.kubernetes, row.stack, "team") for row in fleet.teams]
    for each in teams:
        each["spec"]["prerequisites"] = [{"name": BASE}]
    return [_object(fleet, fleet.kubernetes, BASE, "base"), *teams]


def _object(fleet: Fleet, where: Kubernetes, stack: str, part: str) -> Document:
    secrets = ["VAULT_TOKEN"]
    if fleet.secrets_provider is None:
        secrets.append("PULUMI_CONFIG_PASSPHRASE")
    spec: Document = {
        "stack": f"{where.organization}/{PROJECT}/{stack}",
        "projectRepo": where.repository,
        "branch": where.branch,
        "backend": fleet.backend,
        "serviceAccountName": where.service_account,
        "envRefs": {
            name: {"type": "Secret", "secret": {"name": where.secret, "key": name}}
            for name in secrets
        },
        "continueResyncOnCommitMatch": True,
        "resyncFrequencySeconds": A_DAY,
        "destroyOnFinalize": True,
        "workspaceReclaimPolicy": "Delete",
    }
    if fleet.secrets_provider is not None:
        spec["secretsProvider"] = fleet.secrets_provider
    return {
        "apiVersion": "pulumi.com/v1",
        "kind": "Stack",
        "metadata": {
            "name": stack,
            "namespace": where.namespace,
            "labels": {"app.kubernetes.io/part-of": PROJECT, "app.kubernetes.io/component": part},
        },
        "spec": spec,
    }


def workflow(fleet: Fleet) -> Document:
    """Return a workflow of GitHub Actions: a matrix of the teams' stacks around the base stack.

    The base goes first, and on destroy last and only if all others are gone. A stack that fails
    stops no other.

    Raises:
        TableError: The table does not say where the state is, or has more stacks than a matrix.
    """
    if fleet.backend is None:
        raise TableError("backend must be in the table to make the workflow")
    if len(fleet.teams) > MOST_JOBS:
        raise TableError(
            f"the table has {len(fleet.teams)} rows, and a matrix makes {MOST_JOBS} jobs at most: "
            "cut the table into two, with other accounts or namespaces each"
        )
    matrix = {"stack": [row.stack for row in fleet.teams]}
    return {
        "name": "fleet",
        "on": {
            "workflow_dispatch": {
                "inputs": {
                    "command": {
                        "description": "What to run on every stack",
                        "type": "choice",
                        "options": ["preview", "up", "destroy"],
                        "default": "preview",
                    }
                }
            }
        },
        # id-token: the job's own identity, by which AWS lets it in; no key is stored here either.
        "permissions": {"contents": "read", "id-token": "write"},
        "concurrency": {"group": "fleet", "cancel-in-progress": False},
        "env": {
            "COMMAND": "${{ inputs.command }}",
            "PULUMI_BACKEND_URL": fleet.backend,
            **({"SECRETS_PROVIDER": fleet.secrets_provider} if fleet.secrets_provider else {}),
        },
        "jobs": {
            "base": {"if": "${{ inputs.command != 'destroy' }}", **_job(fleet, BASE)},
            "teams": {
                "needs": "base",
                "if": "${{ !failure() && !cancelled() }}",
                "strategy": {"fail-fast": False, "max-parallel": AT_ONCE, "matrix": matrix},
                **_job(fleet, "${{ matrix.stack }}"),
            },
            "base-last": {
                "needs": "teams",
                "if": "${{ !failure() && !cancelled() && inputs.command == 'destroy' }}",
                **_job(fleet, BASE),
            },
        },
    }


_RUN = """\
source .venv/bin/activate
pulumi stack select --create "$STACK" ${SECRETS_PROVIDER:+--secrets-provider "$SECRETS_PROVIDER"}
case "$COMMAND" in
  preview) pulumi preview --stack "$STACK" --diff ;;
  *) pulumi "$COMMAND" --stack "$STACK" --yes --skip-preview ;;
esac
"""


def _job(fleet: Fleet, stack: str) -> Document:
    secrets = ["VAULT_TOKEN"]
    if fleet.secrets_provider is None:
        secrets.append("PULUMI_CONFIG_PASSPHRASE")
    return {
        "runs-on": "ubuntu-latest",
        "steps": [
            {"uses": "actions/checkout@v4"},
            {"uses": "actions/setup-python@v5", "with": {"python-version": "3.11"}},
            {"uses": "pulumi/actions@v6", "with": {"pulumi-version": CLI}},
            {
                "name": "Install the program",
                "run": "python -m venv .venv && .venv/bin/pip install --require-hashes "
                "-r requirements/program.txt",
            },
            {
                "uses": "aws-actions/configure-aws-credentials@v4",
                "with": {
                    "role-to-assume": "${{ vars.AWS_DEPLOY_ROLE }}",
                    "aws-region": "${{ vars.AWS_REGION }}",
                },
            },
            {
                "name": "Run the stack",
                "env": {"STACK": stack, **{name: f"${{{{ secrets.{name} }}}}" for name in secrets}},
                "run": _RUN,
            },
        ],
    }

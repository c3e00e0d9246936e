"""Traps of the official plugins, and that the program does not fall into them.

``docs/plugins.md`` lists them by the same letters. The laboratory's Vault plugin is the real
provider, so each test here fails when the program's answer is taken away.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.lab.changed_program import changed
from tests.lab.conftest import ROOT, Laboratory, lab_command
from tests.lab.lease_ends import up_that_ends_leases_first
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.stacks import Settings

_ISSUER = "https://vault.lab.test"
_POLICY = "policies/aws/get-own-user.json"
_CONNECTION = ("pulumi-python:dynamic/vaultwif:Connection", "vault")
_FAILED = re.compile(r"^  (\S+) \((\S+)\):\n(?:    .*\n|\n)*?    error: ", re.MULTILINE)
_NO_SUCH_TOKEN = {"VAULT_TOKEN": "false-token"}


@pytest.fixture(scope="module")
def made(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    stack = Stack(world, tmp_path_factory.mktemp("stack"), "dev", ROOT)
    stack.create(settings())
    return stack


@pytest.fixture
def stack(made: Stack) -> Stack:
    """The stack with its plain settings deployed, whatever the test before has made of it."""
    made.configure(settings())
    made.up()
    return made


@pytest.fixture
def empty(made: Stack) -> Stack:
    """The stack with nothing deployed."""
    made.destroy()
    made.configure(settings())
    return made


# A. A failed update leaves the new values in the state, save of a mount: `refresh: always`.


def test_a_role_that_vault_refused_to_change_is_changed_by_the_next_update(stack: Stack) -> None:
    stack.configure(
        _engine(roles={"my-role": _user(managedPolicies=["arn:aws:iam::aws:policy/A"])})
    )
    with _token_that_may_not_write(stack, "aws/roles/my-role") as token:
        failed = stack.pulumi("up", "--yes", "--skip-preview", env=token, check=False)
    assert _failed(failed.stdout) >= {("vault:aws:SecretBackendRole", "aws-role/my-role")}

    stack.up()
    role = stack.laboratory.vault().read("aws/roles/my-role")["data"]
    assert role["policy_arns"] == ["arn:aws:iam::aws:policy/A"]
    stack.expect_no_changes()


def test_a_mount_that_vault_refused_to_change_is_changed_by_the_next_update(stack: Stack) -> None:
    vault = stack.laboratory.vault()
    before = vault.sys.list_mounted_secrets_engines()["data"]["aws/"]
    stack.configure(_engine(tokenTtlSeconds=1800, description="second"))
    with _token_that_may_not_write(stack, "aws/config/root") as token:
        failed = stack.pulumi("up", "--yes", "--skip-preview", env=token, check=False)
    assert _failed(failed.stdout) >= {("vault:aws:SecretBackend", "aws-mount")}

    stack.up()
    held = vault.read("aws/config/root")["data"]
    assert held["identity_token_ttl"] == 1800
    mount = vault.sys.list_mounted_secrets_engines()["data"]["aws/"]
    assert mount["description"] == "second"
    assert mount["accessor"] == before["accessor"]
    _expect_credentials(stack, "aws/creds/my-role")
    stack.expect_no_changes()


# B. A mount whose configuration failed is replaced, created first: `delete_before_replace`.


def test_a_mount_left_half_made_is_made_anew_even_without_a_refresh(empty: Stack) -> None:
    with _token_that_may_not_write(empty, "aws/config/root") as token:
        failed = empty.pulumi("up", "--yes", "--skip-preview", env=token, check=False)
    assert _failed(failed.stdout) >= {("vault:aws:SecretBackend", "aws-mount")}
    assert "aws/" in empty.laboratory.vault().sys.list_mounted_secrets_engines()["data"]

    empty.up("--refresh=false")
    _expect_credentials(empty, "aws/creds/my-role")
    empty.expect_no_changes()


# D. A username template changed alone is never written: a new one replaces the mount.


def test_a_new_username_template_reaches_vault_and_old_leases_end_first(stack: Stack) -> None:
    before = stack.laboratory.vault().read("aws/creds/my-role")["data"]
    with changed(stack, "federation/names.py", "DISPLAY_NAME_KEPT = 16", "DISPLAY_NAME_KEPT = 12"):
        up_that_ends_leases_first(stack, "aws")
        stack.expect_no_changes()
        template = stack.laboratory.vault().read("aws/config/root")["data"]["username_template"]
        assert "truncate 12" in template
        assert before["access_key"] not in _access_keys(stack)
        _expect_credentials(stack, "aws/creds/my-role")


# E. Audience and role ARN taken away stay in Vault: they cannot be taken away.


@pytest.mark.parametrize("audience", [None, ""])
def test_an_engine_without_an_audience_is_refused(made: Stack, audience: str | None) -> None:
    made.configure(_engine(audience=audience))
    printed = made.pulumi("preview", "--refresh=false", check=False)
    assert printed.returncode != 0
    assert "vault-aws-federation:secretsEngines.aws.audience" in printed.stdout


# F. A new path moves the mount and breaks the roles below it: `disable_remount`.


def test_a_new_path_makes_a_new_mount_and_old_leases_end_first(stack: Stack) -> None:
    vault = stack.laboratory.vault()
    before = vault.read("aws/creds/my-role")["data"]
    old = vault.sys.list_mounted_secrets_engines()["data"]["aws/"]["accessor"]
    stack.configure(_engine(path="moved"))
    up_that_ends_leases_first(stack, "aws")
    mounts = vault.sys.list_mounted_secrets_engines()["data"]
    assert "aws/" not in mounts
    assert mounts["moved/"]["accessor"] != old
    assert before["access_key"] not in _access_keys(stack)
    _expect_credentials(stack, "moved/creds/my-role")
    stack.expect_no_changes()


# G. A token given to the provider stands in the state, and child tokens are never revoked.


def test_no_token_is_kept_and_no_token_is_left(stack: Stack) -> None:
    vault = stack.laboratory.vault()
    tokens = vault.list("auth/token/accessors")["data"]["keys"]
    stack.configure(_engine(description="second"))
    assert "1 updated" in stack.up().stdout
    assert vault.list("auth/token/accessors")["data"]["keys"] == tokens

    state = stack.pulumi("stack", "export", "--show-secrets").stdout
    assert stack.laboratory.environment["VAULT_TOKEN"] not in state
    providers = [
        resource
        for resource in json.loads(state)["deployment"]["resources"]
        if resource["type"] == "pulumi:providers:vault"
    ]
    assert providers
    assert all("token" not in provider["inputs"] for provider in providers)


# I. Failures take long and say the same of every resource: one connection, tried first.


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"VAULT_TOKEN": ""}, f"there is no token for Vault at {_ISSUER}: set VAULT_TOKEN"),
        (_NO_SUCH_TOKEN, f"Vault at {_ISSUER} does not accept the token of VAULT_TOKEN"),
        ({}, f"{_ISSUER} cannot be reached: the proxy of HTTPS_PROXY does not let the request"),
    ],
    ids=["no token", "wrong token", "unreachable"],
)
def test_a_first_update_without_vault_fails_once_and_asks_nothing_else(
    empty: Stack, environment: Mapping[str, str], message: str
) -> None:
    with _unreachable(empty) if not environment else _nothing_else():
        failed = empty.pulumi("up", "--yes", "--skip-preview", env=environment, check=False)
    assert _failed(failed.stdout) == {_CONNECTION}
    assert message in failed.stdout
    assert holdings(empty.laboratory) == {}


def test_without_vault_nothing_of_a_deployed_stack_changes_and_the_cause_is_named(
    stack: Stack,
) -> None:
    for command in (("preview",), ("up", "--yes", "--skip-preview"), ("destroy", "--yes")):
        failed = stack.pulumi(*command, env=_NO_SUCH_TOKEN, check=False)
        assert failed.returncode != 0
        assert "does not accept the token of VAULT_TOKEN: it is wrong" in failed.stdout
    stack.expect_no_changes()


def test_a_refresh_that_runs_the_program_fails_once_too(stack: Stack) -> None:
    with _unreachable(stack):
        failed = stack.pulumi("preview", "--run-program", check=False)
    assert _failed(failed.stdout) == {_CONNECTION}
    assert f"{_ISSUER} cannot be reached" in failed.stdout


# M. Unmounting revokes leases, and deleting the issuer's configuration empties the issuer.


def test_users_go_before_what_deletes_them_and_an_existing_issuer_stays(empty: Stack) -> None:
    vault = empty.laboratory.vault()
    vault.write_data("identity/oidc/config", data={"issuer": _ISSUER})
    wanted = settings()
    wanted["vault"]["issuer"] = "existing"
    empty.configure(wanted)
    empty.up()
    vault.read("aws/creds/my-role")
    begun = len(empty.laboratory.decisions())

    empty.destroy()
    assert holdings(empty.laboratory) == {"issuer": _ISSUER}
    vault.write_data("identity/oidc/config", data={"issuer": ""})
    done = [
        decision["action"]
        for decision in empty.laboratory.decisions()[begun:]
        if decision["outcome"] == "allowed"
    ]
    user_gone = done.index("iam:DeleteUser")
    for action in ("DeleteRolePolicy", "DeleteRole", "DeleteOpenIDConnectProvider"):
        assert user_gone < done.index(f"iam:{action}"), action


# N. Everything but a mount is overwritten without a word: names carry stack and engine.


def test_whatever_could_be_overwritten_is_named_after_stack_and_engine(stack: Stack) -> None:
    held = holdings(stack.laboratory)
    assert held["policies"] == {"dev-root-aws-creds-my-role"}
    assert held["keys"] == {"dev-root-plugin-identity"}
    assert set(held["roles"]) == {"vault-secret-dev-root-aws"}


# P. A mount deleted outside fails a plain update: `refresh: always`.


def test_a_mount_deleted_outside_is_made_anew_by_one_update(stack: Stack) -> None:
    stack.laboratory.vault().sys.disable_secrets_engine("aws")
    stack.up()
    _expect_credentials(stack, "aws/creds/my-role")
    stack.expect_no_changes()


# Q. An exception midway leaves what is already registered: everything is validated first.


def test_wrong_settings_are_refused_all_at_once_before_the_first_resource(empty: Stack) -> None:
    no_such_file = _user(policy="policies/aws/none.json")
    empty.configure(_engine(account="nobody", path="a b", roles={"my-role": no_such_file}))
    failed = empty.up(check=False)
    assert failed.returncode != 0
    for key in ("account", "path", "roles.my-role.policy"):
        assert f"vault-aws-federation:secretsEngines.aws.{key}" in failed.stdout
    # What the engine says of a program that just fails; the code that keeps it quiet is the host's.
    assert "unhandled error" not in failed.stdout
    assert "exit code" not in failed.stdout
    assert holdings(empty.laboratory) == {}
    deployment = json.loads(empty.pulumi("stack", "export").stdout)["deployment"]
    types = {resource["type"] for resource in deployment.get("resources", [])}
    assert types <= {"pulumi:pulumi:Stack"}


def _user(**values: object) -> Settings:
    return {"credentialType": "iam_user", "policy": _POLICY, **values}


def _engine(**values: object) -> Settings:
    """Return the plain settings, with the engine's as given."""
    wanted = settings()
    wanted["secretsEngines"]["aws"] |= values
    return wanted


def _failed(printed: str) -> set[tuple[str, str]]:
    """Return type and name of everything the engine lists an error of, the stack left out."""
    return {found for found in _FAILED.findall(printed) if found[0] != "pulumi:pulumi:Stack"}


def _access_keys(stack: Stack) -> set[str]:
    iam = administrator(stack.laboratory)
    return {
        key["AccessKeyId"]
        for user in iam.list_users()["Users"]
        for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
    }


def _expect_credentials(stack: Stack, path: str) -> None:
    """Read credentials, find them at AWS, and give them back."""
    vault = stack.laboratory.vault()
    lease = vault.read(path)
    assert lease["data"]["access_key"] in _access_keys(stack)
    vault.sys.revoke_lease(lease["lease_id"])


@contextmanager
def _token_that_may_not_write(stack: Stack, path: str) -> Iterator[dict[str, str]]:
    """Yield the environment of a person who may do everything but write ``path``.

    Denied are its parameters: a preview, which looks for capabilities, finds nothing missing.
    """
    vault = stack.laboratory.vault()
    everything = 'capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"]'
    vault.sys.create_or_update_policy(
        "but-one",
        f'path "*" {{ {everything} }}\n'
        f'path "{path}" {{ {everything}\n denied_parameters = {{ "*" = [] }} }}',
    )
    auth = vault.auth.token.create(policies=["but-one"], ttl="10m")["auth"]
    try:
        yield {"VAULT_TOKEN": auth["client_token"]}
    finally:
        vault.auth.token.revoke_accessor(auth["accessor"])
        vault.sys.delete_policy("but-one")


@contextmanager
def _unreachable(stack: Stack) -> Iterator[None]:
    lab_command("switch", stack.laboratory.home.root, "unreachable=vault.lab.test")
    try:
        yield
    finally:
        lab_command("switch", stack.laboratory.home.root, "unreachable=")


@contextmanager
def _nothing_else() -> Iterator[None]:
    yield

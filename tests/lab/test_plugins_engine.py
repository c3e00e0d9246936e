"""The stand-in plugins under the real Pulumi engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.plugins_world import FakeVault, Project, VaultServer, new_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLE = "arn:aws:iam::123456789012:role/vault"
FEDERATED = f"identity_token_audience='one', role_arn='{ROLE}'"


@pytest.fixture
def server() -> Iterator[VaultServer]:
    with VaultServer() as started:
        yield started


@pytest.fixture
def vault_(server: VaultServer) -> FakeVault:
    return server.vault


@pytest.fixture
def project(server: VaultServer, tmp_path: Path) -> Project:
    return new_project(tmp_path, server.address)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project for previews alone; there is no Vault."""
    return new_project(tmp_path_factory.mktemp("untouched"), "http://127.0.0.1:9")


def _mount(arguments: str = "", options: str = "") -> str:
    opts = f", opts=pulumi.ResourceOptions({options})" if options else ""
    return f"mount = vault.aws.SecretBackend('mount', {arguments}{opts})"


def _role(arguments: str) -> str:
    return (
        "role = vault.aws.SecretBackendRole('role', backend=mount.path, name='deploy', "
        f"credential_type='iam_user', {arguments})"
    )


EVERY_VAULT_TYPE = (
    "vault.identity.Oidc('issuer', issuer='https://vault.lab.test')",
    "vault.identity.OidcKey('key', name='key', allowed_client_ids=['b', 'a'])",
    "vault.Policy('policy', name='policy', policy='path \"aws/creds/deploy\" {}')",
    _mount(f"path='aws', description='first', secret_key='false-key', {FEDERATED}"),
    _role("policy_document='{\"b\": 1,  \"a\": 2}', policy_arns=['b', 'a'], iam_tags={'a': 'b'}"),
    "auth = vault.AuthBackend('auth', type='aws', tune={'default_lease_ttl': '60s'})",
    f"vault.aws.AuthBackendClient('client', backend=auth.path, {FEDERATED})",
    "login = {'bound_iam_principal_arns': ['arn:b', 'arn:a'], 'token_policies': ['b', 'a']}",
    "login |= {'resolve_aws_unique_ids': False, 'token_ttl': 60}",
    "vault.aws.AuthBackendRole('login', backend=auth.path, role='app', **login)",
    "vault.aws.AuthBackendConfigIdentity('names', backend=auth.path, iam_alias='unique_id')",
    "environment = {'ACCESSOR': mount.accessor}",
    "command.local.Command('command', create='echo $ACCESSOR', environment=environment)",
    "pulumi.export('accessor', mount.accessor)",
)


def test_a_preview_makes_no_call(project: Project, vault_: FakeVault) -> None:
    project.program(*EVERY_VAULT_TYPE)
    assert project.steps()["role"] == ["create"]
    assert "accessor: [unknown]" in project.pulumi("preview")
    assert vault_.requests == []

    project.up()
    vault_.requests.clear()
    project.program(*(line.replace("'first'", "'second'") for line in EVERY_VAULT_TYPE))
    assert project.steps() == {"mount": ["update"]}
    assert vault_.requests == []


def test_what_was_deployed_shows_no_change_in_preview_or_refresh(
    project: Project, vault_: FakeVault
) -> None:
    project.program(*EVERY_VAULT_TYPE)
    printed = project.up()
    accessor = vault_.stored["mount:aws"]["accessor"]
    assert f'accessor: "{accessor}"' in printed
    assert project.resource("command")["outputs"]["stdout"] == accessor

    project.pulumi("preview", "--expect-no-changes")
    project.pulumi("refresh", "--yes", "--expect-no-changes")
    project.pulumi("preview", "--expect-no-changes")

    reordered = "policy_document='{\"a\": 2, \"b\": 1}', policy_arns=['a', 'b']"
    respelled = [
        line.replace("policy_document='{\"b\": 1,  \"a\": 2}', policy_arns=['b', 'a']", reordered)
        for line in EVERY_VAULT_TYPE
    ]
    assert respelled != list(EVERY_VAULT_TYPE)
    project.program(*respelled)
    project.pulumi("preview", "--expect-no-changes")

    project.pulumi("destroy", "--yes")
    assert vault_.stored == {"identity/oidc/config": {"issuer": ""}}


def test_a_resource_of_a_component_is_served_like_any_other(
    project: Project, vault_: FakeVault
) -> None:
    project.program(
        "outer = pulumi.ComponentResource('test:vault:Outer', 'outer')",
        "parent = pulumi.ResourceOptions(parent=outer)",
        "vault.Policy('dev', name='dev', policy='one', opts=parent)",
    )
    project.up()
    assert vault_.stored == {"sys/policies/acl/dev": {"policy": "one"}}


def test_a_key_is_never_in_the_state_in_the_clear(project: Project) -> None:
    project.program(
        _mount("secret_key='false-key'"),
        "command.local.Command('command', create='echo $WORD',"
        " environment={'WORD': pulumi.Output.secret('false-word')})",
    )
    printed = project.up()
    state = project.state()
    assert "echo $WORD" in state
    assert "false-key" not in state + printed
    assert "false-word" not in state


@pytest.mark.parametrize(
    ("line", "name", "package"),
    [
        ("aws.s3.Bucket('b')", "aws:s3/bucket:Bucket", "aws 7.51.1"),
        ("vault.Mount('n', path='n', type='kv')", "vault:index/mount:Mount", "vault 7.14.0"),
        (
            "command.remote.Command('c', connection={'host': 'h'})",
            "command:remote:Command",
            "command 1.2.1",
        ),
        (
            "pulumi.export('who', aws.get_caller_identity_output().arn)",
            "aws:index/getCallerIdentity:getCallerIdentity",
            "aws 7.51.1",
        ),
        (_mount("allowed_managed_keys=['k']"), "'allowedManagedKeys'", "vault 7.14.0"),
        (
            "vault.Provider('v', address='http://127.0.0.1', ca_cert_dir='/x')",
            "'caCertDir'",
            "vault 7.14.0",
        ),
    ],
)
def test_what_is_not_served_is_refused_by_name_with_the_command_that_installs_the_official_plugin(
    untouched: Project, line: str, name: str, package: str
) -> None:
    untouched.program(line)
    printed = untouched.pulumi("preview", fails=True)
    assert name in printed
    assert f"pulumi plugin install resource {package}" in printed


def test_each_change_updates_or_replaces_as_the_official_plugin_does(project: Project) -> None:
    def deploy(mount: str = "", role: str = "", policy: str = "one", command: str = "") -> None:
        project.program(
            _mount(f"path='aws', disable_remount=True{mount}"),
            _role(role or "policy_arns=['a']"),
            f"vault.Policy('policy', name='{policy}', policy='')",
            f"command.local.Command('command', triggers=['{command or 'a'}'], create='true')",
        )

    deploy()
    project.up()
    deploy(mount=f", region='eu-west-1', max_lease_ttl_seconds=60, {FEDERATED}")
    assert project.steps() == {"mount": ["update"]}
    deploy(mount=", local=True")
    assert project.steps() == {"mount": ["replace"]}
    deploy(role="policy_arns=['b']")
    assert project.steps() == {"role": ["update"]}
    deploy(role="policy_arns=['a'], role_arns=['b']")
    assert project.steps() == {"role": ["replace"]}
    deploy(policy="two")
    assert project.steps() == {"policy": ["replace"]}
    deploy(command="b")
    assert project.steps() == {"command": ["replace"]}


def test_a_fixed_name_is_deleted_before_it_is_made_again_and_a_new_name_after(
    project: Project, vault_: FakeVault
) -> None:
    def deploy(role: str, policy: str, trigger: str) -> None:
        project.program(
            _mount("path='aws'"),
            _role(f"role_arns=['{role}']"),
            f"vault.Policy('policy', name='{policy}', policy='')",
            "command.local.Command('command', create='echo create >> order', "
            f"delete='echo delete >> order', triggers=['{trigger}'])",
        )

    deploy("a", "one", "a")
    project.up()
    vault_.requests.clear()
    deploy("b", "two", "b")
    project.up()
    changes = vault_.changes()
    role, one, two = "aws/roles/deploy", "sys/policies/acl/one", "sys/policies/acl/two"
    assert changes.index(("DELETE", role)) < changes.index(("PUT", role))
    assert changes.index(("PUT", two)) < changes.index(("DELETE", one))
    assert (project.folder / "order").read_text("utf-8").split() == ["create", "create", "delete"]


def test_a_replaced_mount_takes_its_roles_along(project: Project, vault_: FakeVault) -> None:
    def deploy(path: str) -> None:
        project.program(
            _mount(f"path='{path}', disable_remount=True", "delete_before_replace=True"),
            _role("policy_arns=['a']"),
            "pulumi.export('accessor', mount.accessor)",
        )

    deploy("aws")
    project.up()
    before = vault_.stored["mount:aws"]["accessor"]
    deploy("other")
    project.up()
    assert "other/roles/deploy" in vault_.stored
    assert "mount:aws" not in vault_.stored
    assert vault_.stored["mount:other"]["accessor"] != before
    project.pulumi("preview", "--expect-no-changes")


def test_after_a_failed_update_only_a_refresh_brings_the_change_to_vault(
    project: Project, vault_: FakeVault
) -> None:
    def deploy(policy: str, tag: str) -> None:
        project.program(
            _mount("path='aws'"),
            _role(f"policy_arns=['{policy}'], session_tags={{'k': '{tag}'}}"),
        )

    deploy("a", "old")
    project.up()
    deploy("b", "new")
    vault_.refuse("PUT", "aws/roles/deploy", 403)
    assert "Vault answered 403: told to refuse" in project.up(fails=True)
    recorded = project.resource("role")
    assert recorded["outputs"]["policyArns"] == ["b"]
    assert recorded["initErrors"]

    vault_.refused.clear()
    assert "1 updated" in project.up()
    assert vault_.stored["aws/roles/deploy"]["policy_arns"] == ["a"]
    assert "initErrors" not in project.resource("role")

    # What is no set was read back, so a third run notices and writes it; the set stays lost.
    project.up()
    assert vault_.stored["aws/roles/deploy"]["session_tags"] == {"k": "new"}
    assert vault_.stored["aws/roles/deploy"]["policy_arns"] == ["a"]
    project.pulumi("preview", "--expect-no-changes")

    project.refresh()
    project.up()
    assert vault_.stored["aws/roles/deploy"]["policy_arns"] == ["b"]
    project.pulumi("preview", "--expect-no-changes")


def test_a_failed_update_is_mended_by_an_update_that_refreshes_first(
    project: Project, vault_: FakeVault
) -> None:
    project.program(_mount("path='aws'"), _role("policy_arns=['a']"))
    project.up()
    project.program(_mount("path='aws'"), _role("policy_arns=['b']"))
    vault_.refuse("PUT", "aws/roles/deploy", 403)
    project.up(fails=True)
    vault_.refused.clear()
    project.up("--refresh")
    assert vault_.stored["aws/roles/deploy"]["policy_arns"] == ["b"]


def test_a_mount_whose_configuration_failed_is_replaced_created_before_deleted(
    project: Project, vault_: FakeVault
) -> None:
    project.program(_mount("path='aws'"))
    vault_.refuse("PUT", "aws/config/root")
    assert "Vault answered 400: told to refuse" in project.up(fails=True)
    assert project.resource("mount")["initErrors"]
    vault_.refused.clear()

    assert project.steps() == {"mount": ["replace"]}
    assert "path is already in use at aws/" in project.up(fails=True)


@pytest.mark.parametrize("refresh", [True, False])
def test_a_half_made_mount_is_mended_by_a_refresh_or_by_deleting_first(
    project: Project, vault_: FakeVault, *, refresh: bool
) -> None:
    project.program(_mount(f"path='aws', {FEDERATED}", "delete_before_replace=True"))
    vault_.refuse("PUT", "aws/config/root")
    project.up(fails=True)
    vault_.refused.clear()
    if refresh:
        project.refresh()
        assert project.steps() == {"mount": ["update"]}
    project.up()
    assert vault_.stored["aws/config/root"]["identity_token_audience"] == "one"
    project.pulumi("preview", "--expect-no-changes")


@pytest.mark.parametrize("version", ["1.21.0", "unreadable"])
def test_federation_is_dropped_without_a_word_where_the_server_has_none(
    project: Project, vault_: FakeVault, version: str
) -> None:
    vault_.version = version
    project.program(_mount(f"path='aws', identity_token_key='key', {FEDERATED}"))
    project.up()
    project.refresh()
    project.pulumi("preview", "--expect-no-changes")
    written = vault_.stored["aws/config/root"]
    assert "role_arn" not in written
    assert "identity_token_audience" not in written
    assert "identity_token_key" not in vault_.stored["mount:aws"]["config"]

    vault_.version = "1.21.0+ent"
    project.refresh()
    assert project.steps() == {"mount": ["update"]}
    project.up()
    assert vault_.stored["aws/config/root"]["role_arn"] == ROLE


def test_a_username_template_changed_alone_is_never_written(
    project: Project, vault_: FakeVault
) -> None:
    project.program(_mount("path='aws', username_template='one'"))
    project.up()
    project.program(_mount("path='aws', username_template='two'"))
    for _ in range(2):
        assert "1 updated" in project.up()
        assert vault_.stored["aws/config/root"]["username_template"] == "one"

    option = "replace_on_changes=['usernameTemplate'], delete_before_replace=True"
    project.program(_mount("path='aws', username_template='two'", option))
    project.up()
    assert vault_.stored["aws/config/root"]["username_template"] == "two"
    project.pulumi("preview", "--expect-no-changes")


def test_settings_taken_away_stay_in_vault(project: Project, vault_: FakeVault) -> None:
    project.program(_mount(f"path='aws', {FEDERATED}"))
    project.up()
    project.program(_mount("path='aws'"))
    assert "1 updated" in project.up()
    assert vault_.stored["aws/config/root"]["role_arn"] == ROLE
    assert project.steps() == {"mount": ["update"]}


def test_a_new_path_moves_the_mount_and_breaks_its_roles(
    project: Project, vault_: FakeVault
) -> None:
    project.program(_mount("path='aws'"), _role("policy_arns=['a']"))
    project.up()
    accessor = vault_.stored["mount:aws"]["accessor"]
    project.program(_mount("path='other'"), _role("policy_arns=['a']"))
    assert project.steps()["mount"] == ["update"]
    assert "no handler for route aws/roles/deploy" in project.up(fails=True)
    assert vault_.stored["mount:other"]["accessor"] == accessor


def test_a_mount_deleted_outside_fails_a_plain_update_and_is_made_again_after_a_refresh(
    project: Project, vault_: FakeVault
) -> None:
    project.program(_mount("path='aws', description='one'"), _role("policy_arns=['a']"))
    project.up()
    vault_.stored.clear()
    project.program(_mount("path='aws', description='two'"), _role("policy_arns=['b']"))
    vault_.refuse("POST", "sys/mounts/aws/tune")
    project.up(fails=True)
    vault_.refused.clear()

    project.refresh()
    assert project.resource("mount") == {}
    project.up()
    assert vault_.stored["aws/roles/deploy"]["policy_arns"] == ["b"]


def test_a_name_left_out_gets_a_random_suffix_that_stays(
    project: Project, vault_: FakeVault
) -> None:
    project.program("vault.Policy('dev', policy='one')")
    project.up()
    name = project.resource("dev")["id"]
    assert name.startswith("dev-")
    assert len(name) == len("dev-") + 7
    project.program("vault.Policy('dev', policy='two')")
    project.up()
    assert vault_.stored == {f"sys/policies/acl/{name}": {"policy": "two"}}


def test_a_resource_is_imported_with_the_inputs_a_program_would_give(
    project: Project, vault_: FakeVault
) -> None:
    vault_.stored["sys/policies/acl/dev"] = {"policy": "one"}
    option = "opts=pulumi.ResourceOptions(import_='dev')"
    project.program(f"vault.Policy('dev', name='dev', policy='one', {option})")
    assert "1 imported" in project.up()
    project.program("vault.Policy('dev', name='dev', policy='one')")
    project.pulumi("preview", "--expect-no-changes")


def test_a_changed_provider_setting_is_taken_up_and_replaces_nothing(
    project: Project, vault_: FakeVault
) -> None:
    def deploy(policy: str, setting: str) -> None:
        project.program(
            f"to = vault.Provider('to', address='{project.environment['VAULT_ADDR']}', {setting})",
            "through = pulumi.ResourceOptions(provider=to)",
            f"vault.Policy('dev', name='dev', policy='{policy}', opts=through)",
        )

    policy, child_token = ("PUT", "sys/policies/acl/dev"), ("POST", "auth/token/create")
    deploy("one", "namespace='team'")
    project.up()
    assert vault_.changes() == [child_token, policy]
    vault_.requests.clear()
    deploy("two", "namespace='team', skip_child_token=True")
    assert project.steps() == {"to": ["update"], "dev": ["update"]}
    project.up()
    assert vault_.changes() == [policy]


def test_ignored_changes_are_not_changed(project: Project, vault_: FakeVault) -> None:
    project.program(_mount("path='aws', region='eu-west-1'", "ignore_changes=['region']"))
    project.up()
    vault_.stored["aws/config/root"]["region"] = "eu-north-1"
    project.refresh()
    project.program(
        _mount("path='aws', region='eu-west-1', description='x'", "ignore_changes=['region']")
    )
    project.up()
    assert vault_.stored["aws/config/root"]["region"] == "eu-north-1"


def test_a_script_that_fails_fails_its_operation_with_what_it_said(project: Project) -> None:
    project.program("command.local.Command('c', create='echo reason >&2; exit 3')")
    printed = project.up(fails=True)
    assert "the script ended with status 3" in printed
    assert "reason" in printed
    assert project.resource("c") == {}


def test_a_failing_delete_script_blocks_the_destroy(project: Project, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    project.program(f"command.local.Command('c', create='true', delete='test -e {gate}')")
    project.up()
    assert "the script ended with status 1" in project.pulumi("destroy", "--yes", fails=True)
    gate.touch()
    project.pulumi("destroy", "--yes")


def test_scripts_run_in_turn_with_what_the_last_one_printed(project: Project) -> None:
    def deploy(word: str, trigger: str = "a") -> None:
        project.program(
            "command.local.Command('c', create='echo made', "
            "update='echo $WORD after $PULUMI_COMMAND_STDOUT', "
            "delete='echo \"$PULUMI_COMMAND_STDOUT\" > deleted', "
            f"environment={{'WORD': '{word}'}}, triggers=['{trigger}'])"
        )

    deploy("one")
    project.up()
    assert project.resource("c")["outputs"]["stdout"] == "made"
    deploy("two")
    project.up()
    assert project.resource("c")["outputs"]["stdout"] == "two after made"
    deploy("two", "b")
    project.up()
    assert project.resource("c")["outputs"]["stdout"] == "made"
    assert (project.folder / "deleted").read_text("utf-8") == "two after made\n"

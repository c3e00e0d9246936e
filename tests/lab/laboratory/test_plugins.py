"""The laboratory's plugins under the real Pulumi engine, without the program of this project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.laboratory.plugins_world import Project, RefusedError, new_project, plugin

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return new_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def project(made: Project) -> Project:
    """A project with nothing deployed, whatever the test before has left."""
    made.program()
    made.up()
    return made


@pytest.mark.parametrize(
    ("package", "version", "token", "given"),
    [
        ("aws", "7.51.1", "aws:s3/bucket:Bucket", {}),
        ("aws", "7.51.1", "aws:iam/role:Role", {"managedPolicyArns": ["a"]}),
        ("vault", "7.14.0", "vault:index/mount:Mount", {}),
        ("vault", "7.14.0", "vault:aws/secretBackend:SecretBackend", {"unknown": "x"}),
        ("command", "1.2.1", "command:remote:Command", {}),
        ("command", "1.2.1", "command:local:Command", {"archivePaths": ["*"]}),
    ],
)
def test_what_is_not_served_is_refused_by_name_with_the_command_that_installs_the_official_plugin(
    package: str, version: str, token: str, given: dict[str, Any]
) -> None:
    with plugin(package, {}, token) as asked, pytest.raises(RefusedError) as refused:
        asked.check(given)
    said = str(refused.value)
    assert token in said
    assert all(f'"{name}"' in said for name in given)
    assert f"pulumi plugin install resource {package} {version}" in said


@pytest.mark.parametrize("package", ["aws", "vault"])
def test_a_setting_that_a_provider_does_not_have_is_refused_by_name(package: str) -> None:
    with plugin(package, {}) as asked, pytest.raises(RefusedError) as refused:
        asked.configure({"version": "1.0.0", "useFipsEndpoint": True})
    assert '"useFipsEndpoint" of the provider is not served' in str(refused.value)
    assert '"version"' not in str(refused.value)


@pytest.mark.parametrize("package", ["aws", "vault", "command"])
def test_a_function_that_is_not_served_is_refused_by_name(package: str) -> None:
    function = f"{package}:index/getCallerIdentity:getCallerIdentity"
    with plugin(package, {}) as asked, pytest.raises(RefusedError, match=function):
        asked.invoke(function)


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
    project.pulumi("preview", "--expect-no-changes")
    deploy("two", "b")
    project.up()
    assert project.resource("c")["outputs"]["stdout"] == "made"
    assert (project.folder / "deleted").read_text("utf-8") == "two after made\n"


def test_what_a_script_prints_is_hidden_when_an_input_is_secret(project: Project) -> None:
    project.program(
        "command.local.Command('c', create='echo $WORD',"
        " environment={'WORD': pulumi.Output.secret('false-word')})"
    )
    project.up()
    state = project.state()
    assert "echo $WORD" in state
    assert "false-word" not in state
